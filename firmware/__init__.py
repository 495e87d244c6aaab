"""Firmware of the nodes: the Arduino's C, and the Pi agent."""
