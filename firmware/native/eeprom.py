"""What a board's EEPROM says of who it is: the layout of firmware/README.md."""

from __future__ import annotations

from binascii import crc_hqx

_MAGIC = b"TR"
_LAYOUT = 1
_CRC_START = 0xFFFF
ERASED = 0xFF


def eeprom_image(node_id: int, size: int) -> bytes:
    """A fresh EEPROM of `size` bytes for that node."""
    record = _MAGIC + bytes([_LAYOUT]) + node_id.to_bytes(2, "big")
    record += crc_hqx(record, _CRC_START).to_bytes(2, "big")
    return record.ljust(size, bytes([ERASED]))
