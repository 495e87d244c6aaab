"""A field that is to be built: its description, the keys and configuration of its nodes, their boards."""
