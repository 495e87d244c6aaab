"""How a bridge is."""
