"""How fast the console is, beside the limit that the same machine sets in the same run."""
