"""The I/O around the protocol: serial, UDP and TCP links, the relay between them, the packet log."""
