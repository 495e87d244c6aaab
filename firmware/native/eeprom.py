"""What is in a board's EEPROM when it is put into a field (PROTOCOL.md section 16)."""

from __future__ import annotations

from protocol.packets import crc16
from protocol.settings import COPY_BYTES, ERASED, Sensors, Settings, encode, write_copy


def open_settings(node_id: int) -> Settings:
    """A node with an SHT31, in an open network."""
    return Settings(node_id=node_id, sensors=Sensors.SHT31)


def field_eeprom(settings: Settings, size: int) -> bytes:
    """An EEPROM of `size` bytes with these settings, which say the node id. Raises SettingsError."""
    assert settings.node_id is not None
    copy = write_copy(encode(settings), generation=0)
    # The settings are copy B: where copy A would be, images look that know of node ids alone (tr_identity.h).
    record = b"TR\x01" + settings.node_id.to_bytes(2, "big")
    record += crc16(record).to_bytes(2, "big")
    erased = bytes([ERASED])
    return (record.ljust(COPY_BYTES, erased) + copy).ljust(size, erased)
