"""The Pi agent: one protocol node over UDP, with its sensor."""
