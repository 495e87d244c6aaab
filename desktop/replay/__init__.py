"""Logs shown at any time of theirs: analysis, playback, timeline."""
