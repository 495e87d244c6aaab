"""The store: rounds, readings, events, peers and actuators in SQLite, made from the log, of bounded size."""
