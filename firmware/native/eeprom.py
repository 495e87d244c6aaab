"""What is in a board's EEPROM when it is put into a field (PROTOCOL.md section 16)."""

from __future__ import annotations

from protocol.packets import crc16
from protocol.settings import COPY_BYTES, ERASED, Sensors, Settings, encode, write_copy


def field_eeprom(node_id: int, size: int) -> bytes:
    """`size` bytes that say who the node is and has an SHT31; without keys, so its network is open."""
    settings = encode(Settings(node_id=node_id, sensors=Sensors.SHT31))
    copy = write_copy(settings, generation=0)
    # The settings are copy B: where copy A would be, images look that know of node ids alone (tr_identity.h).
    record = b"TR\x01" + node_id.to_bytes(2, "big")
    record += crc16(record).to_bytes(2, "big")
    erased = bytes([ERASED])
    return (record.ljust(COPY_BYTES, erased) + copy).ljust(size, erased)
