"""A filter finds the packets that a person means by it, and says what is wrong where it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access import OPEN, RecordOpener
from bridge.capture_file import CaptureFile
from desktop.packets.fields import ALIASES, FIELDS, TYPES
from desktop.packets.filter_syntax import FilterError, parse
from desktop.packets.index import PacketIndex
from desktop.packets.opening import FrameOpener
from desktop.packets.selection import Selection
from protocol.capture import Direction, Record
from protocol.packets import BROADCAST, Frame, FrameError, FrameType, decode, peek_header
from tests.protocol import vectors

GOOD = [frame for frame, _ in vectors.frames().values()]
BAD = [frame for frame, _ in vectors.malformed().values()]
LINKS = ("serial:/dev/ttyACM0", "udp:239.84.82.71:28539", "host")


def written(folder: Path, records: list[Record]) -> PacketIndex:
    log = CaptureFile(folder / "x.pcapng")
    for record in records:
        log.write(record)
    log.close()
    index = PacketIndex(log.path)
    index.extend()
    return index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PacketIndex]:
    """A log with every frame that the vectors know, good and bad."""
    records = [
        Record(
            1_000_000 + 250_000 * i,
            LINKS[i % 3],
            Direction.INBOUND if i % 2 else Direction.OUTBOUND,
            frame,
            f"Note {i}" if i % 5 == 0 else None,
        )
        for i, frame in enumerate(GOOD + BAD)
    ]
    with closing(written(tmp_path_factory.mktemp("filter"), records)) as index:
        yield index


def found(index: PacketIndex, text: str) -> list[int]:
    opener = FrameOpener(RecordOpener(OPEN), index, {})
    selection = Selection(index, parse(text), opener)
    while not selection.is_complete:
        selection.extend(0.0)
    return [int(row) for row in selection.rows(0, len(selection))]


def frame_of(record: Record) -> Frame | None:
    try:
        return decode(record.frame)
    except FrameError:
        return None


def payload_has(name: str, accepts: Callable[[int], bool]) -> Callable[[int, Record], bool]:
    """By the attribute of that name of the payload itself."""

    def check(i: int, record: Record) -> bool:
        frame = frame_of(record)
        value = None if frame is None else getattr(frame.payload, name, None)
        return isinstance(value, int) and accepts(value)

    return check


def counts(record: Record) -> list[int]:
    frame = frame_of(record)
    items = getattr(frame.payload, "items", frame.payload) if frame else None
    return [aggregate.count for _, aggregate in getattr(items, "aggregates", ())]


def header(record: Record) -> tuple[int, int, int]:
    """Type, source, destination; impossible ones where there is no header."""
    try:
        first, source, destination, _ = peek_header(record.frame)
    except FrameError:
        return -1, -1, -1
    return first & 0x1F, source, destination


MEANT: dict[str, Callable[[int, Record], bool]] = {
    "data": lambda i, r: header(r)[0] == FrameType.DATA,
    "type == DATA": lambda i, r: header(r)[0] == FrameType.DATA,
    "type == 5": lambda i, r: header(r)[0] == FrameType.DATA,
    "type in {data, help, 17..19}": lambda i, r: header(r)[0] in (5, 7, 17, 18, 19),
    "src == 3 and not dst == all": lambda i, r: header(r)[1] == 3 and header(r)[2] != BROADCAST,
    "node == 3": lambda i, r: 3 in header(r)[1:],
    "node != 3": lambda i, r: header(r)[0] != -1 and 3 not in header(r)[1:],
    "destination != 0xffff": lambda i, r: header(r)[0] != -1 and header(r)[2] != BROADCAST,
    "time > 12.5": lambda i, r: i * 0.25 > 12.5,
    "number <= 10 or no == 12": lambda i, r: i < 10 or i == 11,
    "size >= 40": lambda i, r: len(r.frame) >= 40,
    'link == "host"': lambda i, r: r.link == "host",
    "link contains SERIAL": lambda i, r: "serial" in r.link,
    'link in {"host", udp:239.84.82.71:28539}': lambda i, r: not r.link.startswith("serial"),
    "inbound": lambda i, r: r.direction is Direction.INBOUND,
    "outbound && !(number < 50)": lambda i, r: r.direction is Direction.OUTBOUND and i >= 49,
    "comment": lambda i, r: r.comment is not None,
    'comment contains "note 1"': lambda i, r: "Note 1" in (r.comment or ""),
    "frame contains 0003:00": lambda i, r: b"\x00\x03\x00" in r.frame,
    "frame contains '00 03 00'": lambda i, r: b"\x00\x03\x00" in r.frame,
    "count < 5": lambda i, r: any(count < 5 for count in counts(r)),
    "count != 6": lambda i, r: bool(counts(r)) and 6 not in counts(r),
    "not count != 6": lambda i, r: not counts(r) or 6 in counts(r),
    "count": lambda i, r: bool(counts(r)),
    "attempt == 0": payload_has("attempt", lambda value: value == 0),
    "lease_ms in {0..900}": payload_has("lease_ms", lambda value: value <= 900),
    "type == data and src == 3 and count > 5": lambda i, r: (
        header(r)[:2] == (5, 3) and any(count > 5 for count in counts(r))
    ),
    "bad or count == 6": lambda i, r: bool(index_bad(r)) or 6 in counts(r),
    "sealed": lambda i, r: header(r)[0] != -1 and r.frame[0] >= 0x80,
    "metric == humidity": lambda i, r: 1 in metrics(r),
    "network == ring": payload_has("network", lambda value: value == 1),
}


def index_bad(record: Record) -> bool:
    try:
        decode(record.frame)
    except FrameError as error:
        return error.reason.value in (2, 3, 4, 5)  # oversized, truncated, wire version, checksum
    return False


def metrics(record: Record) -> set[int]:
    frame = frame_of(record)
    payload = frame.payload if frame else None
    pairs = [*getattr(payload, "pairs", ()), *getattr(payload, "aggregates", ())]
    pairs += getattr(getattr(payload, "items", None), "aggregates", ())
    pairs += [pair for _, own in getattr(payload, "readings", ()) for pair in own]
    return {metric for metric, _ in pairs}


@pytest.mark.parametrize("text", MEANT)
def test_what_is_meant_is_found(index: PacketIndex, text: str) -> None:
    records = index.records(0, len(index))
    meant = [i for i, record in enumerate(records) if MEANT[text](i, record)]
    assert found(index, text) == meant
    assert 0 < len(meant) < len(records), "a filter that shows something, and hides something"


@given(st.data())
def test_conditions_are_joined_as_sets_are(index: PacketIndex, data: st.DataObject) -> None:
    first, second = (data.draw(st.sampled_from(sorted(MEANT))) for _ in range(2))
    one, other, every = set(found(index, first)), set(found(index, second)), set(range(len(index)))
    assert set(found(index, f"({first}) and ({second})")) == one & other
    assert set(found(index, f"({first}) or ({second})")) == one | other
    assert set(found(index, f"not ({first})")) == every - one
    assert set(found(index, f"!({first}) && ({second}) || ({first})")) == one | other


@pytest.mark.parametrize("text", ["", "   "])
def test_no_filter_shows_all(index: PacketIndex, text: str) -> None:
    assert parse(text) is None
    assert found(index, text) == list(range(len(index)))


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_asked_for(index: PacketIndex, name: str) -> None:
    rows = found(index, f"({name}) or {name}" if name not in TYPES else f"{name} >= 0")
    assert rows, "one of the vectors has it"


def test_the_help_names_every_field_and_its_examples_are_filters() -> None:
    page = files("desktop").joinpath("help/filters.md").read_text("utf-8")
    quoted = re.findall(r"`([^`]+)`", page)
    assert {*FIELDS, *ALIASES} <= set(quoted)
    examples = page.partition("## Examples")[2].partition("##")[0]
    for example in re.findall(r"`([^`]+)`", examples):
        assert parse(example) is not None


@pytest.mark.parametrize(
    ("text", "column", "remedy"),
    [
        ("cout < 5", 0, "did you mean count"),
        ("data and sorce == 3", 9, "did you mean source"),
        ("type == dat", 8, "did you mean data"),
        ("type = data", 5, "write =="),
        ("count <", 7, "write a number"),
        ("count < x", 8, "write a number"),
        ("(data", 5, "write )"),
        ("data)", 4, "cannot stand here"),
        ("data help", 5, "and, or"),
        ("data & help", 5, "&&"),
        ('link == "abc', 8, "close it"),
        ("src in 5", 7, "braces"),
        ("src in {5 6}", 10, "comma"),
        ("link < 3", 5, "contains"),
        ("bad == 1", 4, "alone"),
        ("max contains 5", 4, "=="),
        ("frame contains xyz", 15, "hex"),
        ("and data", 0, "no field or type and"),
        ("not", 3, "missing"),
        ("5 < count", 0, "no field or type 5"),
        ("data # help", 5, "no meaning"),
        ("(" * 60 + "data", 50, "simpler"),
    ],
)
def test_what_is_wrong_is_told_where_it_is_with_the_remedy(text: str, column: int, remedy: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.column == column
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.text(max_size=30) | st.lists(st.sampled_from([*FIELDS, *"(){}<>=!,", "==", "and", "3"])).map(" ".join)
)
def test_whatever_is_typed_is_a_filter_or_an_error(text: str) -> None:
    assert 0 <= column_of_error(text) <= len(text)


def column_of_error(text: str) -> int:
    """0 if there is none."""
    try:
        parse(text)
    except FilterError as error:
        return error.column
    return 0


def test_a_selection_follows_a_log_that_grows(tmp_path: Path) -> None:
    frame = GOOD[0]
    path = tmp_path / "x.pcapng"
    log = CaptureFile(path)
    index = PacketIndex(path)
    selection = Selection(index, parse("number > 3"), FrameOpener(RecordOpener(OPEN), index, {}))
    for round_ in range(3):
        for _ in range(4):
            log.write(Record(0, "udp", Direction.INBOUND, frame))
        index.extend()
        selection.extend(1.0)
        assert selection.rows(0, 100).tolist() == list(range(3, 4 * (round_ + 1)))
    assert [selection.place_of(row) for row in (0, 3, 5, 11, 12)] == [0, 0, 2, 8, 9]
    index.close()
    log.close()
