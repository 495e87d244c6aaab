"""The packet log of a bridge: a folder of segments, and those who read it each at a place of their own."""
