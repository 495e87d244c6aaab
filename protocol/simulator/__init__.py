"""Deterministic worlds for protocol nodes: an event heap, radio media, topologies, scenarios."""
