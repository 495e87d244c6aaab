"""How fast emulated boards are."""
