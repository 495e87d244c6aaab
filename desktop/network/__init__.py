"""The network drawn: tree, ring and star."""
