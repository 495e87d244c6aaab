"""What is in a board's EEPROM when it is put into a field (PROTOCOL.md section 16)."""

from __future__ import annotations

from protocol.settings import ERASED, Sensors, Settings, eeprom_image

# Of the line between a board and its radio: that of a line without one, so that the radio alone is slow.
AIR_BAUD = 115_200


def open_settings(node_id: int, first_life: int) -> Settings:
    """A node with an SHT31 and a radio, in an open network; its jitter comes from the life (u32)."""
    return Settings(node_id=node_id, first_life=first_life, sensors=Sensors.SHT31, air_baud=AIR_BAUD)


def field_eeprom(settings: Settings, size: int) -> bytes:
    """An EEPROM of `size` bytes with these settings. Raises SettingsError."""
    return eeprom_image(settings).ljust(size, bytes([ERASED]))
