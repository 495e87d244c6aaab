"""Serial-number arithmetic for versions (RFC 1982 with SERIAL_BITS = 16)."""

from __future__ import annotations

MODULUS = 1 << 16
HALF = MODULUS >> 1


def distance(newer: int, older: int) -> int:
    """How many rounds `newer` is ahead of `older`, from -32768 to 32767."""
    return (newer - older + HALF) % MODULUS - HALF


def is_newer(a: int, b: int) -> bool:
    """Whether version `a` comes after `b`; False at a distance of 32768, which the RFC leaves undefined."""
    return 0 < (a - b) % MODULUS < HALF


def add(version: int, rounds: int) -> int:
    """The version `rounds` later (or earlier, if negative)."""
    return (version + rounds) % MODULUS
