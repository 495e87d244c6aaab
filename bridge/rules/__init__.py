"""Rules on what the log tells: sentences, an engine without I/O, and the actuators that it commands."""
