"""Quantities as people write them, and what they are told when one is none."""

import pytest

from bridge.quantities import quantity
from bridge.units import RATES_PER_S, SIZES_BYTES, TIMES_S, UnitError, parse
from protocol.simulator.toml_tables import DescriptionError, Table


@pytest.mark.parametrize(
    ("text", "units", "value"),
    [
        ("90 s", TIMES_S, 90),
        ("1.5h", TIMES_S, 5_400),
        (" 20 ms ", TIMES_S, 0.02),
        ("2 weeks", TIMES_S, 1_209_600),
        ("64 MB", SIZES_BYTES, 64_000_000),
        ("4 KiB", SIZES_BYTES, 4_096),
        ("1000/s", RATES_PER_S, 1_000),
        ("60 /min", RATES_PER_S, 1),
    ],
)
def test_a_number_and_its_unit(text: str, units: dict[str, float], value: float) -> None:
    assert parse(text, units) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("90", "'90' has no unit; known are ms, s, min"),
        ("3 parsec", "unknown unit 'parsec'; known are ms, s"),
        ("soon", "'soon' is no number with a unit; write one such as 10 ms"),
        ("-1 s", "no number with a unit"),
        ("1e3 s", "no number with a unit"),
    ],
)
def test_what_is_no_time(text: str, problem: str) -> None:
    with pytest.raises(UnitError) as told:
        parse(text, TIMES_S)
    assert problem in str(told.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('age = "1 parsec"', "age: unknown unit 'parsec'; known are"),
        ('age = "1 s"', "age is '1 s'; write a value from 10 to 100 s"),
        ("age = 5", "age is 5; write a text"),
    ],
)
def test_a_key_is_told_with_its_line_and_path(line: str, problem: str) -> None:
    table = Table.parse(f"[log]\n{line}\n", "bridge.toml", "write TOML").table("log")
    with pytest.raises(DescriptionError) as told:
        quantity(table, "age", "50 s", TIMES_S, least=10, most=100)
    assert f"bridge.toml:2: {problem}" in str(told.value)
    assert told.value.path == ("log", "age")
