"""What two machines that pair agree on: the code for people, and the key of the gift (PROTOCOL.md 10.7)."""

from __future__ import annotations

from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.keys import KEY_BYTES
from protocol.packets import TAG_BYTES

PUBLIC_KEY_BYTES = 32
NONCE_BYTES = 16
SHOWN_BYTES = PUBLIC_KEY_BYTES + NONCE_BYTES  # what a machine shows the other: public key, nonce
ENTROPY_BYTES = 32 + NONCE_BYTES
COMMITMENT_BYTES = 32
CODE_DIGITS = 6
_LABEL = b"treering pair"
_CODE_HASH_BYTES = 8


class OwnKey:
    """The key pair and the nonce of one machine for one pairing, from ENTROPY_BYTES random bytes."""

    def __init__(self, entropy: bytes) -> None:
        if len(entropy) != ENTROPY_BYTES:
            raise ValueError(f"a key pair and a nonce take {ENTROPY_BYTES} random bytes, not {len(entropy)}")
        self._private = X25519PrivateKey.from_private_bytes(entropy[:-NONCE_BYTES])
        self.shown = self._private.public_key().public_bytes_raw() + entropy[-NONCE_BYTES:]

    def secret_with(self, shown: bytes) -> bytes:
        """The secret shared with who showed that.

        Raises ValueError for a key that makes it 0 (RFC 7748, 6.1).
        """
        return self._private.exchange(X25519PublicKey.from_public_bytes(shown[:PUBLIC_KEY_BYTES]))


def commitment(shown: bytes) -> bytes:
    """What the new machine says of its key and nonce before it shows them."""
    return sha256(_LABEL + shown).digest()


class Agreement:
    """What both machines know in the end. `code` is for people; the key stays inside."""

    def __init__(self, secret: bytes, new: tuple[int, bytes], holder: tuple[int, bytes]) -> None:
        """Id of each, and what it showed."""
        (new_id, new_shown), (holder_id, holder_shown) = new, holder
        ids = new_id.to_bytes(2, "big") + holder_id.to_bytes(2, "big")
        public_keys = new_shown[:PUBLIC_KEY_BYTES] + holder_shown[:PUBLIC_KEY_BYTES]
        nonces = new_shown[PUBLIC_KEY_BYTES:] + holder_shown[PUBLIC_KEY_BYTES:]
        transcript = sha256(_LABEL + ids + public_keys + nonces).digest()
        number = int.from_bytes(transcript[:_CODE_HASH_BYTES], "big") % 10**CODE_DIGITS
        self.code = f"{number:0{CODE_DIGITS}}"
        key = HKDF(SHA256(), KEY_BYTES, salt=transcript, info=_LABEL).derive(secret)
        self._cipher = AESCCM(key, tag_length=TAG_BYTES)

    def seal(self, step: int, part: int, head: bytes, clear: bytes) -> bytes:
        """Ciphertext and tag of a step's body; `head` stands before it. Once for each step and part."""
        return self._cipher.encrypt(_nonce(step, part), clear, bytes([step]) + head)

    def open(self, step: int, part: int, head: bytes, sealed: bytes) -> bytes | None:
        """What was sealed, None if the tag is wrong."""
        try:
            return self._cipher.decrypt(_nonce(step, part), sealed, bytes([step]) + head)
        except InvalidTag:
            return None


def _nonce(step: int, part: int) -> bytes:
    return bytes([step, part]) + bytes(11)
