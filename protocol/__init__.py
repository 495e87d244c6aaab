"""The protocol of Treering, pure: bytes and times in, bytes and events out."""
