"""Messages at random, as AES-128-CCM seals them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from protocol.packets import HEADER_BYTES, MAX_PAYLOAD_BYTES

TAG_BYTES = 8
NONCE_BYTES = 13
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Message:
    """`clear` is authenticated alone, `secret` is encrypted too."""

    key: bytes
    nonce: bytes
    clear: bytes
    secret: bytes

    @property
    def opened(self) -> bytes:
        """As it lies in a buffer, before it is sealed."""
        return self.clear + self.secret

    @property
    def sealed(self) -> bytes:
        """By the library `cryptography`."""
        return self.clear + AESCCM(self.key, TAG_BYTES).encrypt(self.nonce, self.secret, self.clear)

    def __str__(self) -> str:
        return " ".join(part.hex() or "-" for part in (self.key, self.nonce, self.clear, self.secret))


def frame(rng: Random, payload_bytes: int) -> Message:
    """A frame's header and payload, of random bytes."""
    return Message(
        *(rng.randbytes(length) for length in (KEY_BYTES, NONCE_BYTES, HEADER_BYTES, payload_bytes))
    )


def messages(seed: int) -> Iterator[Message]:
    """Without end: half of them shaped as frames, the others with any number of clear bytes, none too."""
    rng = Random(seed)
    while True:
        yield frame(rng, rng.randint(0, MAX_PAYLOAD_BYTES))
        clear_bytes = rng.choice((0, 1, 11, 12, 13, 14, 15, rng.randint(0, 31)))
        key, nonce = rng.randbytes(KEY_BYTES), rng.randbytes(NONCE_BYTES)
        clear, secret = rng.randbytes(clear_bytes), rng.randbytes(rng.randint(0, MAX_PAYLOAD_BYTES))
        yield Message(key, nonce, clear, secret)


def tampered(sealed: bytes, rng: Random) -> bytes:
    """With one bit changed."""
    at = rng.randrange(8 * len(sealed))
    return bytes(byte ^ (at // 8 == i) << at % 8 for i, byte in enumerate(sealed))
