"""The inspector in a real window: a log is filtered, looked at and exported, a live session is followed."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import ttkbootstrap

from bridge.capture_file import read_records
from desktop.packets.feature import PacketsFeature
from desktop.sources.demo import DemoSource
from desktop.sources.log import LogSource
from protocol.capture import Record
from protocol.packets import FrameType, decode
from tests.desktop.rig import live, press, texts, wait

if TYPE_CHECKING:
    from desktop.packets.view import PacketsView
    from desktop.window import Window


def shown(view: PacketsView, column: int) -> list[str]:
    """A column of the rows that are seen."""
    return [str(row[column]).strip() for row in view.table.sheet.data]


def typed(view: PacketsView, text: str) -> None:
    """Type a filter, and Enter."""
    entry = view.filter.entry
    entry.delete(0, "end")
    entry.insert(0, text)
    press(entry, "<Return>")


def test_a_log_is_filtered_looked_at_and_exported(
    window: Window,
    demo_log: Path,
    demo_records: list[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.start(LogSource(demo_log))
    view = window.feature(PacketsFeature).view
    press(window.root, "<Control-i>")
    wait(window, lambda: f"{len(demo_records):,} packets" in texts(view), "all packets")

    press(window.root, "<Control-f>")
    assert view.focus_get() is view.filter.entry
    typed(view, "cout < 5")
    assert "column 1: there is no field or type cout: did you mean count" in texts(view)
    meant = [
        i
        for i, record in enumerate(demo_records)
        if (frame := decode(record.frame)).type is FrameType.DATA and frame.source == 7
    ]
    typed(view, "type == data and src == 7")
    wait(window, lambda: f"{len(meant)} of {len(demo_records):,} packets" in texts(view), "the filtered")
    assert "column" not in texts(view)
    assert set(shown(view, 4)) == {"DATA"}
    assert set(shown(view, 5)) == {"7"}

    canvas = view.table.sheet.MT
    press(canvas, "<Home>")
    press(canvas, "<Down>")
    record = demo_records[meant[1]]
    assert list(view.chosen_rows()) == [meant[1]]
    assert record.frame[:8].hex(" ") in view.dump.get("1.0", "end")

    check_linked_marks(view, record)

    press(canvas, "<Shift-Down>")
    chosen = meant[1:3]
    assert list(view.chosen_rows()) == chosen
    press(window.root, "<Control-Shift-H>")
    assert window.root.clipboard_get() == "\n".join(demo_records[i].frame.hex(" ") for i in chosen)
    press(window.root, "<Control-Shift-J>")
    assert '"type": "DATA"' in window.root.clipboard_get()

    target = tmp_path / "some.pcapng"
    monkeypatch.setattr(ttkbootstrap.Querybox, "get_save_filename", lambda *_, **__: str(target))
    window.perform_named("Export chosen packets …")
    wait(window, target.exists, "the export")
    assert list(read_records(target)) == [demo_records[i] for i in chosen]

    typed(view, "#3")
    assert list(view.chosen_rows()) == [meant[0]], "the next that the filter shows"
    press(window.root, "<Control-Shift-F>")
    wait(window, lambda: f"{len(demo_records):,} packets" in texts(view), "all packets again")
    assert list(view.chosen_rows()) == [meant[0]]


def check_linked_marks(view: PacketsView, record: Record) -> None:
    """A field marks its bytes, and a byte chooses its field."""
    tree = view.fields.table
    [source] = [item for item, node in view.fields._nodes.items() if node.name == "source"]
    tree.selection_set(source)
    live(view)
    first, last = map(str, view.dump.tag_ranges("marked")[:2])
    assert view.dump.get(first, last) == record.frame[1:3].hex(" ")
    place: Any = view.dump.bbox("1.6")
    view.dump.event_generate("<Button-1>", x=place[0] + 1, y=place[1] + 1)
    live(view)
    assert view.fields.chosen is not None
    assert view.fields.chosen.name == "type"


def test_a_packet_that_is_opened_is_where_all_views_go(window: Window, demo_log: Path) -> None:
    window.start(LogSource(demo_log))
    view = window.feature(PacketsFeature).view
    press(window.root, "<Control-i>")
    session = window.session
    assert session is not None
    wait(window, lambda: session.replay is not None and session.replay.is_complete, "the analysis")
    wait(window, lambda: view.table.count > 200, "the packets")
    typed(view, "#101")
    press(view.table.sheet.MT, "<Return>")
    replay = session.replay
    assert replay is not None
    wait(window, lambda: replay.position == 101, "the place of the packet")
    wait(window, lambda: view.table.marked == 100, "the mark of the playhead")


def test_what_comes_live_is_followed_until_a_person_looks_back(window: Window) -> None:
    window.start(DemoSource(speed=6.0))
    view = window.feature(PacketsFeature).view
    press(window.root, "<Control-i>")
    seen = view.table

    def newest() -> int:
        numbers = shown(view, 0)
        return int(numbers[-1].replace(",", "")) if numbers else 0

    wait(window, lambda: seen.count > 50, "packets")
    assert newest() == seen.count
    before = seen.count
    wait(window, lambda: seen.count > before + 20, "more packets")
    assert newest() == seen.count
    press(seen.sheet.MT, "<Prior>")
    press(seen.sheet.MT, "<Prior>")
    looked_at, before = shown(view, 0), seen.count
    wait(window, lambda: seen.count > before + 20, "more packets")
    assert shown(view, 0) == looked_at
    press(window.root, "<Control-Shift-I>")
    wait(window, lambda: newest() == seen.count, "the newest again")
    seen.sheet.MT.event_generate("<Button-4>")
    live(view)
    assert not view._follows.get(), "who scrolls back is not pulled to the newest"
    before = seen.count
    wait(window, lambda: seen.count > before + 20, "more packets")
    assert newest() < before


def test_without_a_packet_it_says_what_is_missing(window: Window, demo_log: Path) -> None:
    window.start(LogSource(demo_log))
    view = window.feature(PacketsFeature).view
    press(window.root, "<Control-i>")
    typed(view, "size > 5000")
    wait(window, lambda: "No packet fulfils this filter" in texts(view), "the empty state")
    note: tk.Misc = view._note
    assert note.winfo_ismapped()
