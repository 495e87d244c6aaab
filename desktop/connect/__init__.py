"""Which live field to connect to."""
