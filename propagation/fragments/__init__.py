"""What pages and pushes show: queries for it, and the values that templates render."""
