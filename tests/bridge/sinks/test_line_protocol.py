"""Line protocol, read back by a parser that knows nothing of the writer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.entries import Event
from bridge.sinks.line_protocol import Value, event_line, line, round_line
from tests.bridge.sinks.rig import result


def split(text: str, separator: str, *, quotes: bool = False) -> list[str]:
    """At separators that no backslash escapes, nor quotes, which count in fields only."""
    parts, at, quoted = [""], 0, False
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            parts[-1] += text[at : at + 2]
            at += 2
            continue
        quoted ^= quotes and text[at] == '"'
        if text[at] == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return parts


def unescaped(text: str, special: str) -> str:
    out, at = "", 0
    while at < len(text):
        at += text[at] == "\\" and at + 1 < len(text) and text[at + 1] in special
        out += text[at]
        at += 1
    return out


def value_of(text: str) -> Value:
    if text.startswith('"'):
        assert text.endswith('"')
        return unescaped(text[1:-1], '"\\')
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else float(text)


def parsed(text: str) -> tuple[str, dict[str, str], dict[str, Value], int]:
    head = split(text, " ")[0]
    fields, timestamp = split(text[len(head) + 1 :], " ", quotes=True)
    measurement, *tags = split(head, ",")
    pairs = [split(tag, "=") for tag in tags]
    values = [split(field, "=", quotes=True) for field in split(fields, ",", quotes=True)]
    return (
        unescaped(measurement, ", ="),
        {unescaped(key, ", ="): unescaped(value, ", =") for key, value in pairs},
        {unescaped(key, ", ="): value_of("=".join(value)) for key, *value in values},
        int(timestamp),
    )


names = st.text(
    st.characters(exclude_characters='\\"', exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)


@given(
    names,
    st.dictionaries(names, names, max_size=4),
    st.dictionaries(names, values, min_size=1, max_size=4),
    st.integers(0, 2**62),
)
def test_what_is_written_is_read_back(
    measurement: str, tags: dict[str, str], fields: dict[str, Value], timestamp_ns: int
) -> None:
    text = line(measurement, tags, fields, timestamp_ns)
    found = parsed(text)
    assert found == (measurement, tags, fields, timestamp_ns)
    assert {type(value) for value in found[2].values()} == {type(value) for value in fields.values()}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_tag_stays_in_its_line_whatever_it_holds(text: str) -> None:
    written = line("m", {"network": text}, {"v": 1}, 0)
    assert "\n" not in written
    assert "network" in parsed(written)[1]


def test_a_point_has_a_field_and_no_empty_tag() -> None:
    with pytest.raises(ValueError, match="at least one field"):
        line("m", {}, {}, 0)
    with pytest.raises(ValueError, match="a tag is empty"):
        line("m", {"network": ""}, {"v": 1}, 0)


def test_a_round_without_readings_has_no_average() -> None:
    _, tags, fields, _ = parsed(round_line("garden", result(1, count=0)))
    assert tags == {"network": "garden", "metric": "temperature", "unit": "degC"}
    assert "average" not in fields
    assert "max_id" not in fields
    assert fields["count"] == 0


def test_an_event_is_told_in_words() -> None:
    _, tags, fields, timestamp_ns = parsed(event_line("garden", Event(5, "parent_changed", 7, {"parent": 3})))
    assert tags == {"network": "garden", "kind": "parent_changed", "node": "7"}
    assert fields == {"text": "node 7: parent changed (parent 3)", "parent": 3}
    assert timestamp_ns == 5_000
