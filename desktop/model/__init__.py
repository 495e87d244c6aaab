"""What the views show, derived from records; no tkinter."""
