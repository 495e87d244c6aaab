"""The commands that run many simulations: sweep and compare."""
