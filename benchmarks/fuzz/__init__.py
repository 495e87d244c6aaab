"""Bytes that nobody thought of: the C core under libFuzzer, the Python decoders under atheris."""
