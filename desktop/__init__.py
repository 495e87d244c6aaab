"""The desktop app and the `treering` command; importing this package does not need Tk."""
