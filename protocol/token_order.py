"""Which token is newer (PROTOCOL.md 12.3)."""

from __future__ import annotations

from protocol import serial_number
from protocol.packets import TokenId

SEQUENCE_MODULUS = 1 << 32
# What a node knows before it has seen any token.
NO_TOKEN = TokenId(0, 0, 0)


def is_later(a: int, b: int) -> bool:
    """Whether sequence `a` comes after `b` (RFC 1982 with 32 bits)."""
    return 0 < (a - b) % SEQUENCE_MODULUS < SEQUENCE_MODULUS // 2


def is_newer(a: TokenId, b: TokenId) -> bool:
    """Whether `a` is the newer of two tokens."""
    if a.epoch != b.epoch:
        return serial_number.is_newer(a.epoch, b.epoch)
    if a.generator != b.generator:
        return a.generator > b.generator
    return is_later(a.sequence, b.sequence)


def passed_on(token: TokenId) -> TokenId:
    """Its name at the next node."""
    return TokenId(token.epoch, token.generator, (token.sequence + 1) % SEQUENCE_MODULUS)


def made_after(newest: TokenId, generator: int) -> TokenId:
    """The name of a token that parts from `newest`, or replaces it: of the next epoch."""
    return TokenId(serial_number.add(newest.epoch, 1), generator, (newest.sequence + 1) % SEQUENCE_MODULUS)
