"""What a new member is given by pairing: its network's name and its settings, in parts (PROTOCOL.md 10.7)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.settings import Settings, decode, encode

MAX_PARTS = 8
PART_BYTES = 69  # of a payload of 88: step, pairing, part, parts and the tag take 19
MAX_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class Gift:
    """A network's name, and its new member's id, keys, controller and gateways."""

    name: str
    settings: Settings


def encode_gift(gift: Gift) -> bytes:
    """Raises ValueError for a name or settings that cannot be given."""
    if not _is_name(gift.name):
        raise ValueError(f"the name {gift.name!r} is not made of letters, digits, - and _")
    name = gift.name.encode()
    data = bytes([len(name)]) + name + encode(gift.settings)
    if len(data) > MAX_PARTS * PART_BYTES:
        raise ValueError(f"the gift has {len(data)} bytes, at most {MAX_PARTS * PART_BYTES}")
    return data


def decode_gift(data: bytes) -> Gift:
    """Raises ValueError for what is no gift."""
    name_end = 1 + data[0] if data else 0
    if not 1 < name_end <= len(data):
        raise ValueError("a gift without a name")
    name = data[1:name_end].decode()  # a UnicodeDecodeError is a ValueError
    if not _is_name(name):
        raise ValueError("a name that is not made of letters, digits, - and _")
    return Gift(name, decode(data[name_end:]))


def parts_of(data: bytes) -> list[bytes]:
    """The gift cut for the way."""
    return [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]


def _is_name(name: str) -> bool:
    """As a field's description has it; a file and a keyring entry may be called so."""
    return 0 < len(name.encode()) <= MAX_NAME_BYTES and all(c.isalnum() or c in "-_" for c in name)
