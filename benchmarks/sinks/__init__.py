"""Outages: what the sinks lose when a broker, a database or the bridge itself is killed."""
