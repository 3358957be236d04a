"""The clusters pages."""
