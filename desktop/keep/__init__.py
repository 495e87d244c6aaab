"""What stays of a session: recordings, exports, notes, reports."""
