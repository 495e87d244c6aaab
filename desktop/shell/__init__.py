"""What is around the views: palette of commands, settings, help."""
