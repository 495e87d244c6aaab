"""What a node remembers without power: its settings and its long counter (PROTOCOL.md section 16).

settings = Settings(node_id=7, network_key=key, sensors=Sensors.SHT31)
image = eeprom_image(settings)          # 402 bytes, for the EEPROM of a board
page = flash_page(settings)             # 128 bytes, for a board whose bootloader cannot write EEPROM
eeprom_settings(image) == settings
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import IntEnum, IntFlag
from typing import Any, NamedTuple

from protocol.keys import KEY_BYTES
from protocol.long_counter import LIFE_SHIFT, LONG_COUNTER_BYTES
from protocol.packets import crc16
from protocol.payloads import Network
from protocol.wire_format import MAX_NODE_ID

MAX_LISTED_NODES = 16
COPY_BYTES = 128  # in the EEPROM and in flash
COPY_HEAD_BYTES = 2
CRC_BYTES = 2
MAX_SETTINGS_BYTES = COPY_BYTES - COPY_HEAD_BYTES - CRC_BYTES
SLOTS = 16
SLOT_BYTES = LONG_COUNTER_BYTES + CRC_BYTES
SLOTS_ADDRESS = 2 * COPY_BYTES
ORIGIN_ADDRESS = SLOTS_ADDRESS + SLOTS * SLOT_BYTES
EEPROM_BYTES = ORIGIN_ADDRESS + CRC_BYTES
ERASED = 0xFF


class SettingsError(ValueError):
    """Settings that cannot be: a value out of its range, or more than the memory holds."""


class Roles(IntFlag):
    """Key 2."""

    ROOT = 1
    ACTUATOR = 2
    GATEWAY = 4


class Sensors(IntFlag):
    """Key 12: what is wired to the board."""

    SHT31 = 1
    SOIL_MOISTURE = 2
    WIND = 4
    SYNTHETIC = 8


class Key(IntEnum):
    """What an entry of the settings tells: 16.2."""

    NODE_ID = 1
    ROLES = 2
    NETWORK = 3
    EPOCH = 4
    NETWORK_KEY = 5
    NEXT_NETWORK_KEY = 6
    NODE_KEY = 7
    CONTROLLER = 8
    GATEWAYS = 9
    NEIGHBOURS = 10
    FIRST_LIFE = 11
    SENSORS = 12
    SAFE_VALUE = 13
    HOLD_S = 14
    PERIOD_MS = 15
    AIR_BAUD = 16
    ORDER = 17
    NEXT_EPOCH = 18


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a node is told before it starts. None, and an empty list, is an entry that is left out.

    Keys are no part of the repr, so that they do not come into a log or a traceback.
    """

    node_id: int | None = None
    roles: Roles | None = None
    network: Network | None = None
    epoch: int | None = None
    network_key: bytes | None = field(default=None, repr=False)
    next_network_key: bytes | None = field(default=None, repr=False)
    node_key: bytes | None = field(default=None, repr=False)
    controller: int | None = None
    gateways: tuple[int, ...] = ()
    neighbours: tuple[int, ...] = ()
    first_life: int | None = None
    sensors: Sensors | None = None
    safe_value: int | None = None
    hold_s: int | None = None
    period_ms: int | None = None
    air_baud: int | None = None
    order: tuple[int, ...] = ()
    next_epoch: int | None = None
    unknown: tuple[tuple[int, bytes], ...] = ()


class _Type(NamedTuple):
    """How a value is written; both raise SettingsError, which names what is wrong but not where."""

    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def _number(size_bytes: int, kind: Callable[[int], Any] = int, most: int | None = None) -> _Type:
    highest = (1 << 8 * size_bytes) - 1 if most is None else most

    def write(value: int) -> bytes:
        if not 0 <= value <= highest:
            raise SettingsError(f"{int(value)} is not within 0 to {highest}")
        return int(value).to_bytes(size_bytes, "big")

    def read(data: bytes) -> Any:
        value = int.from_bytes(data, "big")
        if len(data) != size_bytes or value > highest:
            raise SettingsError(f"0x{data.hex()} is not {size_bytes} bytes up to {highest}")
        try:
            return kind(value)
        except ValueError as error:
            raise SettingsError(str(error)) from error

    return _Type(write, read)


def _key() -> _Type:
    def check(value: bytes) -> bytes:
        if len(value) != KEY_BYTES:
            raise SettingsError(f"a key of {len(value)} bytes; it has {KEY_BYTES}")
        return bytes(value)

    return _Type(check, check)


def _nodes(most: int) -> _Type:
    node = _number(2, most=MAX_NODE_ID)

    def write(nodes: tuple[int, ...]) -> bytes:
        if not 1 <= len(nodes) <= most:
            raise SettingsError(f"{len(nodes)} nodes; at most {most} are listed")
        return b"".join(node.write(listed) for listed in nodes)

    def read(data: bytes) -> tuple[int, ...]:
        if len(data) % 2 or not 1 <= len(data) // 2 <= most:
            raise SettingsError(f"{len(data)} bytes list no 1 to {most} nodes")
        return tuple(node.read(data[at : at + 2]) for at in range(0, len(data), 2))

    return _Type(write, read)


_TYPES: dict[Key, _Type] = {
    Key.NODE_ID: _number(2, most=MAX_NODE_ID),
    Key.ROLES: _number(1, Roles),
    Key.NETWORK: _number(1, Network),
    Key.EPOCH: _number(2),
    Key.NETWORK_KEY: _key(),
    Key.NEXT_NETWORK_KEY: _key(),
    Key.NODE_KEY: _key(),
    Key.CONTROLLER: _number(2, most=MAX_NODE_ID),
    Key.GATEWAYS: _nodes(2),
    Key.NEIGHBOURS: _nodes(MAX_LISTED_NODES),
    Key.FIRST_LIFE: _number(4),
    Key.SENSORS: _number(1, Sensors),
    Key.SAFE_VALUE: _number(1),
    Key.HOLD_S: _number(2),
    Key.PERIOD_MS: _number(4),
    Key.AIR_BAUD: _number(4),
    Key.ORDER: _nodes(MAX_LISTED_NODES),
    Key.NEXT_EPOCH: _number(2),
}
_KNOWN = {key.value for key in Key}


# --- settings as bytes -----------------------------------------------------------------------------------


def write_value(key: Key, value: Any) -> bytes:
    """The value of one entry, as SETTING bears it (14.3). Raises SettingsError."""
    try:
        return _TYPES[key].write(value)
    except SettingsError as error:
        raise SettingsError(f"{key.name.lower()}: {error}") from None


def read_value(key: Key, data: bytes) -> Any:
    """The value that those bytes are. Raises SettingsError."""
    try:
        return _TYPES[key].read(data)
    except SettingsError as error:
        raise SettingsError(f"{key.name.lower()}: {error}") from None


def encode(settings: Settings) -> bytes:
    """The settings as type, length, value, in the order of the keys. Raises SettingsError.

    Settings with a network key leave room for the next one, so that REKEY always fits.
    """
    entries = [(key, data) for key, data in settings.unknown if key not in _KNOWN]
    for key in Key:
        value = getattr(settings, key.name.lower())
        if value is not None and value != ():
            entries.append((key, write_value(key, value)))
    entries.sort(key=lambda entry: entry[0])
    encoded = b"".join(bytes((key, len(data))) + data for key, data in entries)
    kept_bytes = 2 + KEY_BYTES + 2 + 2 if settings.network_key and not settings.next_network_key else 0
    if len(encoded) + kept_bytes > MAX_SETTINGS_BYTES:
        raise SettingsError(
            f"settings of {len(encoded)} bytes; a board holds {MAX_SETTINGS_BYTES - kept_bytes}:"
            " shorten the neighbour filter or the order"
        )
    return encoded


def decode(data: bytes) -> Settings:
    """The settings of those bytes; of an entry that stands there twice, the later. Raises SettingsError."""
    values: dict[str, Any] = {}
    unknown: dict[int, bytes] = {}
    for key, value in _entries(data):
        if key in _KNOWN:
            values[Key(key).name.lower()] = read_value(Key(key), value)
        else:
            unknown[key] = value
    return Settings(**values, unknown=tuple(sorted(unknown.items())))


def _entries(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            raise SettingsError(f"settings end within the entry at byte {at}")
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


def settings_crc(encoded: bytes) -> int:
    """What BOOT tells of the settings that a node runs with (15.3); 0 of none."""
    return crc16(encoded) if encoded else 0


# --- copies ----------------------------------------------------------------------------------------------


def write_copy(encoded: bytes, generation: int) -> bytes:
    """A copy (16.1) of at most COPY_BYTES."""
    body = bytes((generation % 256, len(encoded))) + encoded
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


def read_copy(data: bytes) -> tuple[int, bytes] | None:
    """Generation and settings of a whole copy; None of anything else."""
    if len(data) < COPY_HEAD_BYTES or data[1] > MAX_SETTINGS_BYTES:
        return None
    end = COPY_HEAD_BYTES + data[1]
    if len(data) < end + CRC_BYTES or crc16(data[:end]) != int.from_bytes(data[end : end + CRC_BYTES], "big"):
        return None
    return data[0], bytes(data[COPY_HEAD_BYTES:end])


def _is_newer_generation(a: int, b: int) -> bool:
    return 0 < (a - b) % 256 < 128


# --- slots -----------------------------------------------------------------------------------------------


def write_slot(limit: int) -> bytes:
    """A slot (16.1): the first long counter that is not reserved."""
    body = limit.to_bytes(LONG_COUNTER_BYTES, "big")
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


def read_slot(data: bytes) -> int | None:
    """The limit of a whole slot of SLOT_BYTES; None of anything else."""
    body = data[:-CRC_BYTES]
    if len(data) != SLOT_BYTES or crc16(body) != int.from_bytes(data[-CRC_BYTES:], "big"):
        return None
    return int.from_bytes(body, "big")


# --- the memory of a board -------------------------------------------------------------------------------


def eeprom_image(settings: Settings) -> bytes:
    """An EEPROM with these settings, whose node begins with their first life. Raises SettingsError."""
    erased = bytes((ERASED,))
    copies = write_copy(encode(settings), generation=0).ljust(SLOTS_ADDRESS, erased)
    slot = b"" if settings.first_life is None else write_slot(settings.first_life << LIFE_SHIFT)
    return (copies + slot).ljust(EEPROM_BYTES, erased)


def flash_page(settings: Settings) -> bytes:
    """The 128 bytes before the bootloader (16.2). Raises SettingsError."""
    encoded = encode(settings)
    copy = next(
        copy
        for generation in range(256)
        if (copy := write_copy(encoded, generation))[-CRC_BYTES:] != bytes((ERASED,)) * CRC_BYTES
    )
    return copy.ljust(COPY_BYTES, bytes((ERASED,)))


def eeprom_settings(eeprom: bytes) -> Settings | None:
    """The settings that count in an EEPROM; None if no copy is whole. Raises SettingsError."""
    copies = [read_copy(eeprom[at : at + COPY_BYTES]) for at in (0, COPY_BYTES)]
    whole = [copy for copy in copies if copy is not None]
    if not whole:
        return None
    newest = whole[-1] if len(whole) == 2 and _is_newer_generation(whole[1][0], whole[0][0]) else whole[0]
    return decode(newest[1])


def eeprom_limit(eeprom: bytes) -> int | None:
    """The first long counter that an EEPROM's node has not reserved; None if no slot is whole."""
    starts = range(SLOTS_ADDRESS, SLOTS_ADDRESS + SLOTS * SLOT_BYTES, SLOT_BYTES)
    slots = (read_slot(eeprom[at : at + SLOT_BYTES]) for at in starts)
    return max((slot for slot in slots if slot is not None), default=None)


assert {key.name.lower() for key in Key} | {"unknown"} == {entry.name for entry in fields(Settings)}
