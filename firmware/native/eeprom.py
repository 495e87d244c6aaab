"""What is in a board's EEPROM when it is put into a field (PROTOCOL.md section 16)."""

from __future__ import annotations

from protocol.packets import crc16
from protocol.settings import COPY_BYTES, ERASED, Sensors, Settings, encode, write_copy

# Of the line between a board and its radio: that of a line without one, so that the radio alone is slow.
AIR_BAUD = 115_200


def open_settings(node_id: int, first_life: int) -> Settings:
    """A node with an SHT31 and a radio, in an open network; its jitter comes from the life (u32)."""
    return Settings(node_id=node_id, first_life=first_life, sensors=Sensors.SHT31, air_baud=AIR_BAUD)


def field_eeprom(settings: Settings, size: int) -> bytes:
    """An EEPROM of `size` bytes with these settings, which say the node id. Raises SettingsError."""
    assert settings.node_id is not None
    copy = write_copy(encode(settings), generation=0)
    # The settings are copy B: where copy A would be, images look that know of node ids alone (tr_identity.h).
    record = b"TR\x01" + settings.node_id.to_bytes(2, "big")
    record += crc16(record).to_bytes(2, "big")
    erased = bytes([ERASED])
    return (record.ljust(COPY_BYTES, erased) + copy).ljust(size, erased)
