"""Statistics, windows and detectors over any iterable of (time_s, value). docs/streams.md shows how."""
