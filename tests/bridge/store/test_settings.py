"""`[store]` of bridge.toml."""

from __future__ import annotations

import pytest

from bridge.store.settings import StoreSettings
from protocol.simulator.toml_tables import DescriptionError, Table


def read(text: str) -> StoreSettings:
    return StoreSettings.from_table(Table.parse(text, "bridge.toml", "write TOML"))


def test_without_a_word_it_is_as_documented() -> None:
    assert read("") == StoreSettings()
    assert StoreSettings().keep_readings_s == 30 * 86_400


def test_times_and_sizes_have_units() -> None:
    found = read('file = "s"\nkeep_readings = "2 weeks"\nkeep_rounds = "90 days"\nkeep_size = "500 MB"')
    assert (found.file, found.keep_readings_s, found.keep_rounds_s) == ("s", 14 * 86_400, 90 * 86_400)
    assert found.keep_size_bytes == 500e6


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("keep_reading = '1 h'", "bridge.toml:1: unknown key 'keep_reading'; known are file, keep_readings"),
        ("keep_readings = '30'", "bridge.toml:1: keep_readings: '30' has no unit; known are ms, s,"),
        ("keep_readings = '5 s'", "bridge.toml:1: keep_readings is '5 s'; write a value from 3600 s"),
        ("keep_size = '1 MB'", "bridge.toml:1: keep_size is '1 MB'; write a value from 1e\\+07 B"),
        (
            "keep_minutes = '20 days'",
            "bridge.toml:1: keep_readings is longer than keep_minutes; raise keep_minutes, or lower",
        ),
    ],
)
def test_an_error_names_line_key_and_remedy(text: str, error: str) -> None:
    with pytest.raises(DescriptionError, match=error):
        read(text)
