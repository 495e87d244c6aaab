"""Lists of lines: events and rounds."""
