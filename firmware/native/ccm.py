"""AES-128-CCM of the C core."""

from __future__ import annotations

from firmware.native.library import ffi, library

TAG_BYTES = 8


def encrypt(key: bytes, block: bytes) -> bytes:
    """tr_aes_encrypt: one block of 16 bytes."""
    encrypted = ffi.new("uint8_t[16]", block)
    library().tr_aes_encrypt(key, encrypted)
    return bytes(encrypted)


def seal(key: bytes, nonce: bytes, clear: bytes, secret: bytes) -> bytes:
    """tr_ccm_seal: `clear`, the encrypted secret, and the tag."""
    message = ffi.new(f"uint8_t[{len(clear) + len(secret) + TAG_BYTES}]", clear + secret)
    library().tr_ccm_seal(key, nonce, message, len(clear), len(secret))
    return bytes(message)


def open_(key: bytes, nonce: bytes, message: bytes, clear_bytes: int) -> tuple[bool, bytes]:
    """tr_ccm_open: whether the tag is right, and what then stands in the buffer."""
    buffer = ffi.new(f"uint8_t[{len(message)}]", message)
    is_right = library().tr_ccm_open(key, nonce, buffer, clear_bytes, len(message) - clear_bytes - TAG_BYTES)
    return bool(is_right), bytes(buffer)
