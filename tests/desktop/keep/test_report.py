"""The report: a page that needs nothing else, with the numbers of the model, where a text is a text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bridge.access import OPEN
from bridge.capture_file import CaptureFile
from desktop.keep.job import CancelledError
from desktop.keep.markup import Markup, element, table
from desktop.keep.notes import Bookmark, Notes
from desktop.keep.report import make_report, page
from desktop.keep.report_facts import MOST_EVENTS, MOST_ROWS, Facts, ReportRequest, gather
from desktop.model.model import Model
from desktop.model.words import EventKind, EventLine, count_label, value_label
from desktop.sources.demo import demo_simulation
from protocol.capture import Direction, Record
from protocol.packets import Network

EVIL = "<script>alert(1)</script>&\"'"
VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """Each table as rows of cells, by the heading above it; what is not well-formed fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.ids: Counter[str] = Counter()
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[str] = []
        self._open: list[str] = []
        self._heading = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        if tag not in VOID:
            self._open.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        self.ids.update(value or "" for key, value in attrs if key == "id")
        if tag == "table":
            self.tables[self._heading] = []
        elif tag == "tr":
            self.tables[self._heading].append([])
        elif tag in ("td", "th"):
            self.tables[self._heading][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._open and self._open[-1] == "h2":
            self._heading = data
        elif self._open and self._open[-1] in ("td", "th"):
            self.tables[self._heading][-1][-1] += data


def logged(path: Path, records: list[Record]) -> Path:
    log = CaptureFile(path)
    for record in records:
        log.write(record)
    log.close()
    return log.path


def asked(log: Path, notes: Notes = Notes(), notices: tuple[EventLine, ...] = ()) -> ReportRequest:  # noqa: B008
    return ReportRequest(log, OPEN, f"Demo {EVIL}", notes, notices, log.with_suffix(".html"))


def silent(share: float, text: str) -> None:
    """Nobody waits."""


def check_self_contained(found: Page, text: str) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text), "nothing is fetched"
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & found.names.keys()
    assert all(value.startswith("#") for key, value in found.attributes if key in ("href", "src"))
    assert not [key for key, _ in found.attributes if key.startswith("on")]
    assert found.ids.most_common(1)[0][1] == 1, "each id once"
    used = {value[1:] for key, value in found.attributes if key == "href"}
    used |= {name for _, value in found.attributes for name in re.findall(r"url\(#([^)]+)\)", value)}
    assert used == found.ids.keys()


@pytest.mark.parametrize("network", Network)
def test_the_page_is_whole_and_its_numbers_are_the_model_s(tmp_path: Path, network: Network) -> None:
    records: list[Record] = []
    demo_simulation(records.append, network).run(16)
    request = asked(
        logged(tmp_path / "demo.pcapng", records),
        Notes(note=f"note {EVIL}", bookmarks=(Bookmark(records[50].timestamp_us, f"mark {EVIL}"),)),
        (EventLine(records[60].timestamp_us, EventKind.NOTICE, f"notice {EVIL}"),),
    )
    make_report(request, silent)
    text = request.path.read_text(encoding="utf-8")
    found = Page(text)
    check_self_contained(found, text)
    for told in ("Demo", "note", "mark", "notice"):
        assert any(f"{told} {EVIL}" in each for each in found.texts), "a text is a text"

    model = Model()
    model.feed(records)
    model.publish()
    assert [row[1:] for row in found.tables["Rounds"][1:]] == [
        [
            str(row.round),
            row.metric.name.replace("_", " "),
            value_label(row.maximum, row.metric.unit),
            "–" if row.max_id is None else str(row.max_id),
            value_label(row.average, row.metric.unit),
            count_label(row),
            "yes" if row.exact else "no",
        ]
        for row in model.rows
    ]
    assert {int(row[0]) for row in found.tables["Nodes"][1:]} == model.observer.nodes.keys()
    by_link = Counter(record.link for record in records)
    assert {row[0]: int(row[1].replace(",", "")) for row in found.tables["Links"][1:]} == by_link
    events = [event.text for event in model.events if event.kind not in (EventKind.ROUND, EventKind.INEXACT)]
    lines = [row[2] for row in found.tables["Events"][1:]]
    assert [line for line in lines if EVIL not in line] == events
    exact = [row for row in model.rows if row.metric_id == 0]
    share = f"{sum(row.exact for row in exact) / len(exact):.1%}"
    told_alive = [row for row in exact if row.alive is not None]
    alive = sum(row.alive or 0 for row in told_alive)
    of_alive = f"{sum(row.aggregate.count for row in told_alive) / alive:.1%}" if alive else "–"
    cells = found.tables["How exact the results are"][1]
    assert (cells[1], cells[2], cells[5]) == (str(len(exact)), share, of_alive)
    assert found.names["svg"] == 1 + len(model.series)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_a_long_session_is_summed_up_and_its_report_stays_small(tmp_path: Path) -> None:
    records: list[Record] = []
    demo_simulation(records.append, Network.POLLING).run(200)
    request = asked(logged(tmp_path / "long.pcapng", records))
    facts = gather(request, silent)
    assert facts.rounds > MOST_ROWS
    text = page(request, facts)
    assert len(text) < 1_000_000
    rows = Page(text).tables["Rounds"][1:]
    assert 20 * len(facts.sums) <= len(rows) <= 40 * len(facts.sums)
    for metric_id, each in facts.sums.items():
        parts = [part for (_, metric), part in facts.intervals.items() if metric == metric_id]
        assert sum(part.rounds for part in parts) == each.rounds
        assert sum(part.exact for part in parts) == each.exact
        assert sum(part.alive for part in parts) == each.alive
        assert max(part.average_most for part in parts) == each.average_most
        assert min(part.count_least or 0 for part in parts) == each.count_least
        assert {part.highest.max for part in parts if part.highest} >= {each.highest and each.highest.max}


def test_of_many_events_the_first_and_the_last_are_told(tmp_path: Path, demo_records: list[Record]) -> None:
    notices = tuple(EventLine(i, EventKind.NOTICE, f"notice {i}") for i in range(2 * MOST_EVENTS))
    facts = gather(asked(logged(tmp_path / "a.pcapng", demo_records), notices=notices), silent)
    assert len(facts.events) == MOST_EVENTS
    assert facts.left_out == facts.kinds.total() - MOST_EVENTS
    model = Model()
    model.feed(demo_records)
    first = next(event for event in model.events if event.kind is not EventKind.ROUND)
    assert first in facts.events
    assert notices[-1] in facts.events
    assert notices[MOST_EVENTS] not in facts.events


def test_a_log_that_tells_nothing_has_a_report_too(tmp_path: Path) -> None:
    noise = [Record(i, EVIL, Direction.INBOUND, b"\x00\x07noise", None) for i in range(5)]
    request = asked(logged(tmp_path / "noise.pcapng", noise))
    make_report(request, silent)
    found = Page(request.path.read_text(encoding="utf-8"))
    assert found.tables["Links"][1][:2] == [EVIL, "5"]
    assert found.tables["Links"][1][5] == "5", "all of them bad"
    assert "No node was heard." in found.texts


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path, demo_log: Path) -> None:
    request = asked(demo_log)
    request.path.mkdir()
    with pytest.raises(OSError, match="directory"):
        make_report(request, silent)
    assert not list(tmp_path.glob("*.part"))

    def cancel(share: float, text: str) -> None:
        raise CancelledError

    request = replace(request, path=tmp_path / "r.html")
    request.path.touch()
    with pytest.raises(CancelledError):
        make_report(request, cancel)
    assert not request.path.exists(), "it only kept the name"


def test_only_markup_is_markup() -> None:
    assert (
        element("p", "<b>", Markup("<i></i>"), class_='"x"')
        == '<p class="&quot;x&quot;">&lt;b&gt;<i></i></p>'
    )
    assert "\ufffd" in element("p", "a\x00b")
    assert table(("a", "b"), [("<", 2)], numbers=1).count('class="number"') == 2


def test_facts_of_nothing_are_none() -> None:
    assert Facts().rounds == 0
    assert Facts().left_out == 0
