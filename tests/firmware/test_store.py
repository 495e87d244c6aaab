"""The C store and protocol.settings agree on every byte; a power cut at any loses nothing (section 16)."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.native.store import FOUND, LOST, NEW, Memory, Store
from protocol import settings as s
from protocol.long_counter import LIFE_SHIFT
from protocol.payloads import Network
from protocol.settings import Key, Settings, SettingsError

pytestmark = pytest.mark.usefixtures("built_core")

SETTINGS = Settings(
    node_id=7,
    network=Network.TREE,
    network_key=bytes(range(16)),
    gateways=(0,),
    neighbours=(0, 3, 9),
    first_life=99,
)


def test_the_core_reads_what_python_writes() -> None:
    store = Store(Memory(s.eeprom_image(SETTINGS)))
    for key in Key:
        value = getattr(SETTINGS, key.name.lower())
        expected = s.write_value(key, value) if value is not None and value != () else None
        assert store.get(key) == expected, key.name
    assert store.settings_crc() == s.settings_crc(s.encode(SETTINGS))
    assert (store.state, store.limit) == (FOUND, 99 << LIFE_SHIFT)


def test_an_erased_memory_has_no_settings_and_a_new_counter() -> None:
    store = Store(Memory())
    assert store.get(Key.NODE_ID) is None
    assert store.settings_crc() == 0
    assert store.state == NEW


changes = st.dictionaries(
    st.sampled_from(
        [Key.NODE_ID, Key.EPOCH, Key.NETWORK_KEY, Key.NEXT_NETWORK_KEY, Key.NEIGHBOURS, Key.HOLD_S]
    ),
    st.integers(0, 16),
    max_size=4,
)


def value_of(key: Key, number: int) -> object:
    """A value of that key; None for 0: it is removed."""
    if number == 0:
        return None
    if key in (Key.NETWORK_KEY, Key.NEXT_NETWORK_KEY):
        return bytes([number]) * 16
    return tuple(range(number)) if key is Key.NEIGHBOURS else number


def fits(settings: Settings) -> bool:
    """Whether a board can hold them."""
    try:
        s.encode(settings)
    except SettingsError:
        return False
    return True


@given(st.lists(changes, max_size=5))
def test_changes_are_those_of_python(sequence: list[dict[Key, int]]) -> None:
    expected, memory = SETTINGS, Memory(s.eeprom_image(SETTINGS))
    store = Store(memory)
    for numbers in sequence:
        values = {key: value_of(key, number) for key, number in numbers.items()}
        fields = {k.name.lower(): () if v is None and k is Key.NEIGHBOURS else v for k, v in values.items()}
        after = replace(expected, **fields)  # type: ignore[arg-type]
        if fits(after):
            assert store.change(values)
            expected = after
            assert s.eeprom_settings(bytes(memory.bytes)) == expected
    assert Store(memory).settings_crc() == s.settings_crc(s.encode(expected))


def test_changes_that_do_not_fit_change_nothing() -> None:
    settings = replace(SETTINGS, neighbours=tuple(range(16)), node_key=bytes(16))
    memory = Memory(s.eeprom_image(settings))
    assert not Store(memory).change({Key.HOLD_S: 5, Key.ORDER: tuple(range(16))})
    assert s.eeprom_settings(bytes(memory.bytes)) == settings


def test_a_page_in_flash_is_taken_over_once() -> None:
    memory = Memory(page=s.flash_page(SETTINGS))
    store = Store(memory)
    assert s.eeprom_settings(bytes(memory.bytes)) == SETTINGS
    assert store.change({Key.HOLD_S: 5})
    assert Store(memory).get(Key.HOLD_S) == b"\x00\x05"
    memory.page = s.flash_page(replace(SETTINGS, hold_s=9))
    assert Store(memory).get(Key.HOLD_S) == b"\x00\x09"
    assert Store(memory).reserve(1 << LIFE_SHIFT | 1024)
    memory.page = s.flash_page(replace(SETTINGS, node_id=8))
    store = Store(memory)
    assert (store.get(Key.NODE_ID), store.limit) == (b"\x00\x08", 1 << LIFE_SHIFT | 1024)


def test_a_page_that_is_damaged_is_not_taken_over() -> None:
    page = bytearray(s.flash_page(SETTINGS))
    page[5] ^= 1
    memory = Memory(s.eeprom_image(replace(SETTINGS, node_id=3)), bytes(page))
    assert Store(memory).get(Key.NODE_ID) == b"\x00\x03"
    assert memory.writes == 0


@pytest.mark.parametrize("writes", range(30))
def test_a_page_is_taken_over_at_the_next_start_if_the_power_was_cut(writes: int) -> None:
    memory = Memory(s.eeprom_image(replace(SETTINGS, node_id=3)), s.flash_page(SETTINGS))
    memory.cut_after(3 * writes, Random(writes))
    Store(memory)
    memory.power_on()
    assert Store(memory).get(Key.NODE_ID) == b"\x00\x07"


def test_limits_go_round_the_slots_so_that_each_is_worn_alike() -> None:
    memory = Memory()
    written = [0] * s.SLOTS
    for number in range(1, 65):
        before = bytes(memory.bytes)
        assert Store(memory).reserve(5 << LIFE_SHIFT | 1024 * number)
        changed = [at for at in range(len(before)) if before[at] != memory.bytes[at]]
        (slot,) = {(at - s.SLOTS_ADDRESS) // s.SLOT_BYTES for at in changed}
        written[slot] += 1
        assert s.eeprom_limit(bytes(memory.bytes)) == Store(memory).limit == 5 << LIFE_SHIFT | 1024 * number
    assert written == [4] * s.SLOTS


def test_a_slot_that_keeps_nothing_is_left_for_the_next() -> None:
    memory = Memory()
    memory.worn = set(range(s.SLOTS_ADDRESS, s.SLOTS_ADDRESS + 3 * s.SLOT_BYTES))
    assert Store(memory).reserve(5 << LIFE_SHIFT | 1024)
    assert Store(memory).limit == 5 << LIFE_SHIFT | 1024
    memory.worn = set(range(s.EEPROM_BYTES))
    assert not Store(memory).reserve(5 << LIFE_SHIFT | 2048)


def test_a_counter_whose_slots_are_all_damaged_is_lost() -> None:
    memory = Memory()
    assert Store(memory).reserve(5 << LIFE_SHIFT | 1024)
    assert Store(memory).state == FOUND
    memory.bytes[s.SLOTS_ADDRESS + 2] ^= 8
    assert Store(memory).state == LOST


@given(st.binary(min_size=s.EEPROM_BYTES, max_size=s.EEPROM_BYTES), st.binary(max_size=s.COPY_BYTES))
def test_a_foreign_memory_does_no_harm(content: bytes, page: bytes) -> None:
    store = Store(Memory(content, page))
    for key in Key:
        store.get(key)
    assert store.change({Key.NODE_ID: 1}) or store.get(Key.NODE_ID) is None


def test_a_whole_copy_of_entries_without_an_end_does_no_harm() -> None:
    for encoded in (b"\x02\xff", b"\x01\x02\x00", b"\x01", b"\xff\xff" * 60):
        memory = Memory(s.write_copy(encoded, 0))
        store = Store(memory)
        assert store.get(Key.ORDER) is None
        store.change({Key.ORDER: (1, 2)})
