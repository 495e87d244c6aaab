"""What a node remembers: settings, copies and slots as bytes (PROTOCOL.md section 16)."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import settings as s
from protocol.keys import KEY_BYTES
from protocol.long_counter import LIFE_SHIFT
from protocol.packets import MAX_NODE_ID, crc16
from protocol.payloads import Network
from protocol.settings import Key, Roles, Sensors, Settings, SettingsError

node_ids = st.integers(0, MAX_NODE_ID)
keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
VALUES = {
    Key.NODE_ID: node_ids,
    Key.ROLES: st.sampled_from(Roles),
    Key.NETWORK: st.sampled_from(Network),
    Key.EPOCH: st.integers(0, 0xFFFF),
    Key.NEXT_EPOCH: st.integers(0, 0xFFFF),
    Key.NETWORK_KEY: keys,
    Key.NEXT_NETWORK_KEY: keys,
    Key.NODE_KEY: keys,
    Key.CONTROLLER: node_ids,
    Key.GATEWAYS: st.lists(node_ids, min_size=1, max_size=2).map(tuple),
    Key.NEIGHBOURS: st.lists(node_ids, min_size=1, max_size=4).map(tuple),
    Key.FIRST_LIFE: st.integers(0, 0xFFFF_FFFF),
    Key.SENSORS: st.sampled_from(Sensors),
    Key.SAFE_VALUE: st.integers(0, 255),
    Key.HOLD_S: st.integers(0, 0xFFFF),
    Key.PERIOD_MS: st.integers(0, 0xFFFF_FFFF),
    Key.AIR_BAUD: st.integers(0, 0xFFFF_FFFF),
    Key.ORDER: st.lists(node_ids, min_size=1, max_size=2).map(tuple),
}


@st.composite
def some_settings(draw: st.DrawFn) -> Settings:
    chosen = draw(st.sets(st.sampled_from(Key), max_size=12))
    return Settings(**{key.name.lower(): draw(VALUES[key]) for key in chosen})


@given(some_settings())
def test_settings_come_back_as_they_were(settings: Settings) -> None:
    assert s.decode(s.encode(settings)) == settings


def test_settings_are_type_length_value_in_the_order_of_their_keys() -> None:
    settings = Settings(
        node_id=7, network_key=bytes(16), gateways=(0, 1), sensors=Sensors.SHT31 | Sensors.WIND
    )
    assert s.encode(settings).hex(" ") == ("01 02 00 07 05 10 " + "00 " * 16 + "09 04 00 00 00 01 0c 01 05")


def test_every_key_of_the_specification_has_a_field() -> None:
    assert {key.value for key in Key} == set(range(1, 19))
    assert set(VALUES) == set(Key)


def test_unknown_entries_are_kept() -> None:
    settings = s.decode(bytes.fromhex("010200070c0101c803aabbcc"))
    assert settings == Settings(node_id=7, sensors=Sensors.SHT31, unknown=((0xC8, b"\xaa\xbb\xcc"),))
    assert s.encode(settings).hex() == "010200070c0101c803aabbcc"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(node_id=0xFFFE), "node_id: 65534 is not within 0 to 65533"),
        (Settings(network_key=b"short"), "network_key: a key of 5 bytes"),
        (Settings(gateways=(1, 2, 3)), "gateways: 3 nodes"),
        (Settings(neighbours=tuple(range(17))), "neighbours: 17 nodes"),
        (Settings(hold_s=-1), "hold_s: -1"),
        (
            Settings(
                neighbours=tuple(range(16)),
                order=tuple(range(16)),
                network_key=bytes(16),
                node_key=bytes(16),
                node_id=1,
            ),
            "shorten the neighbour filter",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: Settings, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        s.encode(settings)


@pytest.mark.parametrize("data", ["01", "0102", "010200", "010107", "030109", "0102fffe", "0900", "090100"])
def test_bytes_that_are_no_settings_are_refused(data: str) -> None:
    with pytest.raises(SettingsError):
        s.decode(bytes.fromhex(data))


def test_a_next_key_fits_wherever_there_is_a_key() -> None:
    most = Settings(
        node_id=1, network_key=bytes(16), node_key=bytes(16), neighbours=tuple(range(16)), epoch=1
    )
    fits = Settings(**{f.name: getattr(most, f.name) for f in fields(most)} | {"next_network_key": bytes(16)})
    assert len(s.encode(fits)) == len(s.encode(most)) + 18 <= s.MAX_SETTINGS_BYTES


def test_no_key_is_shown() -> None:
    secret = bytes(range(100, 116))
    settings = Settings(node_id=1, network_key=secret, next_network_key=secret, node_key=secret)
    assert repr(secret)[2:8] not in repr(settings)


# --- copies and slots ---


@given(some_settings(), st.integers(0, 255))
def test_a_copy_that_is_damaged_is_none(settings: Settings, generation: int) -> None:
    encoded = s.encode(settings)
    copy = s.write_copy(encoded, generation)
    assert s.read_copy(copy.ljust(s.COPY_BYTES, b"\xff")) == (generation, encoded)
    for at in range(len(copy)):
        damaged = copy[:at] + bytes([copy[at] ^ 0x41]) + copy[at + 1 :]
        assert s.read_copy(damaged.ljust(s.COPY_BYTES, b"\xff")) is None
        assert s.read_copy(copy[:at]) is None


@pytest.mark.parametrize("erased", [b"\xff", b"\x00"])
def test_an_erased_memory_has_neither_settings_nor_counter(erased: bytes) -> None:
    assert s.eeprom_settings(erased * s.EEPROM_BYTES) is None
    assert s.eeprom_limit(erased * s.EEPROM_BYTES) is None


@given(st.integers(0, 255), st.booleans())
def test_the_newer_generation_counts_across_the_wrap(generation: int, is_first: bool) -> None:
    older = s.write_copy(s.encode(Settings(node_id=1)), generation).ljust(s.COPY_BYTES, b"\xff")
    newer = s.write_copy(s.encode(Settings(node_id=2)), generation + 1).ljust(s.COPY_BYTES, b"\xff")
    copies = newer + older if is_first else older + newer
    assert s.eeprom_settings(copies) == Settings(node_id=2)


@given(st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFF_FFFF))
def test_a_slot_is_nine_bytes(life: int, counter: int) -> None:
    slot = s.write_slot(life << LIFE_SHIFT | counter)
    body = life.to_bytes(4, "big") + counter.to_bytes(3, "big")
    assert slot == body + crc16(body).to_bytes(2, "big")
    assert s.read_slot(slot) == life << LIFE_SHIFT | counter
    assert s.read_slot(slot[:-1] + bytes([slot[-1] ^ 1])) is None


def test_the_highest_limit_counts_wherever_it_stands() -> None:
    limits = [7 << LIFE_SHIFT | 0xFF_FC00, 8 << LIFE_SHIFT | 1_024, 7 << LIFE_SHIFT | 0xFF_F800]
    slots = b"".join(map(s.write_slot, limits))
    eeprom = s.eeprom_image(Settings(node_id=1))
    eeprom = eeprom[: s.SLOTS_ADDRESS] + slots + eeprom[s.SLOTS_ADDRESS + len(slots) :]
    assert s.eeprom_limit(eeprom) == 8 << LIFE_SHIFT | 1_024


def test_what_is_made_for_a_board_is_read_back() -> None:
    settings = Settings(node_id=7, network_key=bytes(16), first_life=0x1234_5678)
    image, page = s.eeprom_image(settings), s.flash_page(settings)
    assert len(image) == 402
    assert s.eeprom_settings(image) == settings
    assert s.eeprom_limit(image) == 0x1234_5678 << LIFE_SHIFT
    assert s.eeprom_limit(s.eeprom_image(Settings(node_id=7))) is None
    copy = s.read_copy(page)
    assert len(page) == 128
    assert copy == (0, s.encode(settings))


@given(some_settings())
def test_a_page_in_flash_never_has_the_crc_of_an_erased_origin(settings: Settings) -> None:
    page = s.flash_page(settings)
    end = 2 + page[1]
    assert page[end : end + 2] != b"\xff\xff"
