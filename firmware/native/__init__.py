"""The C core, and boards that run it, as nodes that take a Python node's place in any field."""
