"""The line of every key, although tomllib keeps none."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.simulator.toml_tables import DescriptionError, Table, key_lines

TEXT = '''# a comment
range_m = 20

[radio]           # [loss]
name = """
[run]
loss = 3
"""
"loss" = 0.1
air.z = 1

[[fault]]
round = 3
partition = [
    [1, 2],  # one side
    [3],
]
[[fault]]
cut = [1, 2]
pair = { a = 1, b = { c = 2 } }
list = [{ d = 1 },
        { d = 2 }]
[ run ]
seed = 7'''


def test_every_table_and_key_has_its_line() -> None:
    assert key_lines(TEXT) == {
        ("range_m",): 2,
        ("radio",): 4,
        ("radio", "name"): 5,
        ("radio", "loss"): 9,
        ("radio", "air"): 10,
        ("radio", "air", "z"): 10,
        ("fault", 0): 12,
        ("fault", 0, "round"): 13,
        ("fault", 0, "partition"): 14,
        ("fault", 1): 18,
        ("fault", 1, "cut"): 19,
        ("fault", 1, "pair"): 20,
        ("fault", 1, "pair", "a"): 20,
        ("fault", 1, "pair", "b"): 20,
        ("fault", 1, "pair", "b", "c"): 20,
        ("fault", 1, "list"): 21,
        ("fault", 1, "list", 0): 21,
        ("fault", 1, "list", 0, "d"): 21,
        ("fault", 1, "list", 1): 21,
        ("fault", 1, "list", 1, "d"): 21,
        ("run",): 23,
        ("run", "seed"): 24,
    }


PIECES = (
    "# = [x]", "", 'a{} = """\n[t]\nb = 1\n"""', "b{} = [\n  1,\n  # 2\n]", "c{} = 'x = [ '",
    "d{} = {{ e = 1 }}", "[t{}]", "[[u]]", "'f{}' = 1979-05-27",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_the_lines_are_those_of_the_statements(pieces: list[str]) -> None:
    """Whatever the statements are: each begins where the ones before it end."""
    statements = [piece.format(number) for number, piece in enumerate(pieces)]
    text = "\n".join(statements)
    tomllib.loads(text)
    lines = key_lines(text)
    first = 1
    for number, statement in enumerate(statements):
        for path, line in lines.items():
            if path[-1] == f"{statement[:1]}{number}":
                assert line == first
        first += statement.count("\n") + 1
    found = {path[-1] for path in lines if isinstance(path[-1], str) and path[-1][-1].isdigit()}
    numbers = {number for number, piece in enumerate(pieces) if "{}" in piece}
    assert {int(name[1:]) for name in found} == numbers


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 50_000, "a = " + "{a = " * 50_000, "a" + ".a" * 30_000 + " = 1"]
)
def test_what_is_nested_without_end_is_told(text: str) -> None:
    with pytest.raises(DescriptionError, match=r"^field:1: something is nested more than 50 deep; mend it"):
        Table.parse(text, "field", "mend it")


def test_a_value_of_many_lines_keeps_nobody_waiting() -> None:
    table = Table.parse("a = 1\nb = [\n" + "1,\n" * 50_000 + "]\nc = 2\n", "field", "mend it")
    began_s = time.process_time()
    assert str(table.error("a", "wrong", "mend it")).startswith("field:1: ")
    assert time.process_time() - began_s < 5.0  # 0.1 s; through all of it, an hour
