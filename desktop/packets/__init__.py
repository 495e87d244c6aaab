"""The packets of a log: their index, the filter, the inspector."""
