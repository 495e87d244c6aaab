"""Aggregates over time, and each node in a round."""
