"""`[log]` of bridge.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.log.settings import LogSettings
from protocol.simulator.toml_tables import DescriptionError, Table

FOLDER = Path("/state/log")


def settings_of(text: str) -> LogSettings:
    return LogSettings.from_table(Table.parse(text, "bridge.toml", "write TOML").table("log"), FOLDER)


def test_without_a_table_there_are_defaults() -> None:
    assert settings_of("") == LogSettings(FOLDER)


def test_all_may_be_said() -> None:
    text = """
        [log]
        folder = "frames"
        segment_size = "1 MB"
        segment_age = "10 min"
        keep_size = "1 GB"
        keep_age = "2 weeks"
        least_free = "1 GB"
    """
    assert settings_of(text) == LogSettings(Path("/state/frames"), 1e6, 600, 1e9, 14 * 86_400, 1e9)
    assert settings_of('[log]\nfolder = "/mnt/disk"').folder == Path("/mnt/disk")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('segment_size = "1 kB"', "segment_size is '1 kB'; write a value from 64000 B"),
        ('keep_size = "20 MB"', "keep_size is '20 MB'; write a value from 3.2e+07 B"),
        ('keep_age = "90"', "keep_age: '90' has no unit"),
        ('segments = "1 MB"', "unknown key 'segments'; known are folder, segment_size"),
    ],
)
def test_an_error_names_line_key_and_remedy(line: str, problem: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        settings_of(f"[log]\n{line}\n")
    assert str(caught.value).startswith("bridge.toml:2: ")
    assert problem in str(caught.value)
