"""Lines of text as sketches print them, and what is read out of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text_lines import MAX_LINE_BYTES, BadLine, Column, LineCutter, LineReader
from protocol.aggregate import HUMIDITY, MAX_RAW, METRICS, SOIL_MOISTURE, TEMPERATURE

MOISTURE_AND_TEMPERATURE = (Column(SOIL_MOISTURE, scale=0.1), Column(TEMPERATURE))


def read(text: bytes, *columns: Column | None, separator: str = ",") -> LineReader:
    """A reader that has entered the stream at a line's end, and got `text`."""
    reader = LineReader(columns or MOISTURE_AND_TEMPERATURE, separator)
    reader.feed(b"\n" + text, 1.0)
    return reader


def test_columns_are_scaled_to_the_metrics_units_and_then_to_raw_values() -> None:
    assert read(b"512,23.40\r\n").readings(0) == {
        SOIL_MOISTURE.id: SOIL_MOISTURE.raw(51.2),
        TEMPERATURE.id: TEMPERATURE.raw(23.4),
    }


def test_an_offset_is_in_the_metrics_unit() -> None:
    reader = read(b"450\n", Column(TEMPERATURE, scale=0.5, offset=-200.0))
    assert reader.readings(0) == {TEMPERATURE.id: TEMPERATURE.raw(25.0)}


@pytest.mark.parametrize(
    "text",
    [
        b"23.4",
        b" 23.4 ",
        b"23.4 C",
        b"23.4C",
        b"23.4 \xc2\xb0C",
        b"+23.4",
        b"2.34e1",
        b"temp:23.4",
        b"T = 23.4 C",
    ],
)
def test_units_labels_and_blanks_around_a_number_are_passed_over(text: bytes) -> None:
    reader = read(text + b"\n", Column(TEMPERATURE))
    assert reader.readings(0) == {TEMPERATURE.id: TEMPERATURE.raw(23.4)}
    assert not reader.bad


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\r", b"\n\n\n"])
def test_any_line_end_is_one(end: bytes) -> None:
    reader = read(b"512,20" + end + b"512,21" + end)
    assert reader.lines == 2
    assert not reader.bad


@pytest.mark.parametrize(
    ("separator", "text"), [(";", b"512;20"), ("\t", b"512\t20"), (" ", b"512   20"), (" | ", b"512 | 20")]
)
def test_the_separator_is_what_was_said(separator: str, text: bytes) -> None:
    assert read(text + b"\n", separator=separator).readings(0).keys() == {SOIL_MOISTURE.id, TEMPERATURE.id}


def test_a_separator_after_the_last_column_is_no_column() -> None:
    assert not read(b"512,20,\n").bad


def test_a_column_of_no_use_may_be_anything() -> None:
    reader = read(b"12:30:01,20\n", None, Column(TEMPERATURE))
    assert reader.readings(0) == {TEMPERATURE.id: TEMPERATURE.raw(20)}


@pytest.mark.parametrize("remark", [b"moisture,temp", b"temp1,temp2", b"ready", b"# soil probe v2", b"a,b,c"])
def test_headers_and_remarks_are_not_bad(remark: bytes) -> None:
    reader = read(remark + b"\n512,20\n")
    assert (reader.remarks, reader.lines, reader.bad) == (1, 2, {})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"512", BadLine.COLUMNS),
        (b"512,20,3", BadLine.COLUMNS),
        (b"512,", BadLine.NO_NUMBER),
        (b"512,nan", BadLine.NO_NUMBER),
        (b"512,1e999", BadLine.NO_NUMBER),
        (b"512,12:30", BadLine.NO_NUMBER),
        (b"512,\xff\xfe", BadLine.NO_TEXT),
        (b"5" * (MAX_LINE_BYTES + 1), BadLine.TOO_LONG),
    ],
)
def test_what_is_bad_is_counted_by_reason_and_the_next_line_is_read(line: bytes, reason: BadLine) -> None:
    reader = read(line + b"\n100,20\n")
    assert reader.bad == {reason: 1}
    assert reader.readings(0)[SOIL_MOISTURE.id] == SOIL_MOISTURE.raw(10)


def test_a_sensor_that_fails_takes_only_its_own_column() -> None:
    assert read(b"512,nan\n").readings(0).keys() == {SOIL_MOISTURE.id}


def test_what_lies_beyond_the_metric_is_held_at_its_limit_and_counted() -> None:
    reader = read(b"9999,-99\n512,20\n")
    assert reader.clamped == 2
    reader = read(b"9999,-99\n")
    assert reader.readings(0) == {SOIL_MOISTURE.id: MAX_RAW, TEMPERATURE.id: 0}


def test_a_reading_that_is_too_old_is_none() -> None:
    reader = read(b"512,20\n")
    reader.feed(b"300,nan\n", 5.0)
    assert reader.readings(1.0).keys() == {SOIL_MOISTURE.id, TEMPERATURE.id}
    assert reader.readings(1.1).keys() == {SOIL_MOISTURE.id}
    assert reader.readings(5.1) == {}


def test_half_a_line_at_the_beginning_is_no_reading() -> None:
    """The port was opened while `1512,20` went by: its rest looks like a good line."""
    reader = LineReader(MOISTURE_AND_TEMPERATURE)
    reader.feed(b"512,20\n", 1.0)
    assert reader.readings(0) == {}
    reader.restart()
    reader.feed(b"2,20\r", 1.0)
    reader.feed(b"\n100,20\r\n", 1.0)
    assert reader.readings(0)[SOIL_MOISTURE.id] == SOIL_MOISTURE.raw(10)
    assert not reader.bad


def test_every_first_bad_line_is_shown_as_it_came() -> None:
    told: list[tuple[BadLine, bytes]] = []
    reader = LineReader([Column(HUMIDITY)], on_bad=lambda reason, line: told.append((reason, line)))
    reader.feed(b"\n1,2\n", 0.0)
    assert told == [(BadLine.COLUMNS, b"1,2")]


@given(st.lists(st.binary(max_size=400)), st.data())
def test_however_a_stream_is_split_its_lines_are_the_same(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"\n" + b"\n".join(pieces)
    long: list[None] = []
    whole = LineCutter(lambda: long.append(None)).feed(stream)
    again: list[None] = []
    cutter = LineCutter(lambda: again.append(None))
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, 300))
        found += cutter.feed(stream[:size])
        assert len(cutter._rest) <= MAX_LINE_BYTES
        stream = stream[size:]
    assert found == whole
    assert len(again) == len(long)


@given(
    st.sampled_from(sorted(METRICS)),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3),
    st.floats(-1e4, 1e4),
)
def test_any_number_gives_the_raw_value_of_its_value(
    metric_id: int, number: float, scale: float, offset: float
) -> None:
    metric = METRICS[metric_id]
    reader = LineReader([Column(metric, scale, offset)])
    reader.feed(f"\n{number!r}\n".encode(), 0.0)
    assert reader.readings(0) == {metric_id: metric.raw(offset + scale * number)}


@given(st.binary())
def test_no_bytes_raise(noise: bytes) -> None:
    reader = read(noise)
    assert all(0 <= raw <= MAX_RAW for raw in reader.readings(0).values())
