"""The field to be built or simulated, drawn on a plan."""
