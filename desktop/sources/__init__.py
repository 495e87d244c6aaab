"""Where records come from, and the session that keeps them."""
