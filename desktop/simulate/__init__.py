"""A field in the simulator that a person watches and hurts."""
