"""Export and report in the real window: a dialog, a bar with the work, and a file in the end."""

from __future__ import annotations

import csv
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import ttkbootstrap

from bridge.capture_file import read_records
from desktop.keep.export import What
from desktop.keep.export_dialog import Choice, ExportDialog
from desktop.keep.export_feature import ExportFeature
from desktop.keep.feature import KeepFeature
from desktop.sources.demo import DemoSource
from desktop.sources.log import LogSource
from desktop.sources.source import State
from tests.desktop.rig import dialogs, invoke, press, texts, wait

if TYPE_CHECKING:
    from desktop.sources.session import Session
    from desktop.window import Window


def demo(window: Window) -> Session:
    window.start(DemoSource(speed=10))
    session = window.session
    assert session is not None
    wait(window, lambda: len(session.model.rows) >= 4, "rounds")
    return session


def choose(window: Window, what: What, format_name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ttkbootstrap.Querybox, "get_save_filename", lambda *_, **__: str(path))
    press(window.root, "<Control-Shift-E>")
    (dialog,) = dialogs(window)
    assert isinstance(dialog, ExportDialog)
    dialog.what.current(list(What).index(what))
    dialog.fit()
    dialog.format.set(format_name)
    invoke(dialog, "Export …")


def test_every_kind_of_export_makes_its_file(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = demo(window)
    exports = window.feature(ExportFeature)
    choose(window, What.PACKETS, "CSV", tmp_path / "packets.csv", monkeypatch)
    assert len(exports.bars) == 1
    wait(window, lambda: "saved, " in texts(exports.bars[0]), "the packets")
    with (tmp_path / "packets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 0 < len(rows) <= len(list(read_records(session.log)))
    invoke(exports.bars[0], "Close")
    for what, format_name, name, begin in (
        (What.NETWORK, "SVG", "n.svg", b"<?xml"),
        (What.NETWORK, "PNG", "n.png", b"\x89PNG"),
        (What.PLOTS, "PDF", "p.pdf", b"%PDF"),
        (What.PLOTS, "CSV", "p.csv", b"time_s,time_us,"),
    ):
        choose(window, what, format_name, tmp_path / name, monkeypatch)
        assert (tmp_path / name).read_bytes().startswith(begin)


def test_an_export_that_cannot_be_says_which_file_why_and_what_to_do(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo(window)
    for what, format_name, name in ((What.ROUNDS, "CSV", "r.csv"), (What.PLOTS, "PNG", "p.png")):
        path = tmp_path / "none" / name
        choose(window, what, format_name, path, monkeypatch)
        wait(window, lambda: dialogs(window), "the complaint")
        told = texts(dialogs(window)[0])
        assert str(path) in told
        assert "No such file or directory" in told
        assert "choose another place" in told
        invoke(dialogs(window)[0], "Close")


def test_one_key_makes_the_report_and_one_press_opens_it(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = demo(window)
    window.feature(KeepFeature).bookmarks.add(session.model.now_us, "here <it> was")
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    press(window.root, "<Control-Shift-R>")
    (bar,) = window.feature(ExportFeature).bars
    wait(window, lambda: "saved, " in texts(bar), "the report")
    assert not opened, "only when a person wants it"
    invoke(bar, "Open")
    (uri,) = opened
    path = session.log.with_name(f"{session.log.stem}-report.html")
    assert uri == path.as_uri()
    text = path.read_text(encoding="utf-8")
    assert "here &lt;it&gt; was" in text
    press(window.root, "<Control-Shift-R>")
    wait(window, lambda: path.with_stem(path.stem + "-1").exists(), "another, beside the first")


def test_what_goes_on_ends_with_the_window(window: Window) -> None:
    demo(window)
    press(window.root, "<Control-Shift-R>")
    (bar,) = window.feature(ExportFeature).bars
    window.close()
    assert not bar.job._process.is_alive()


def test_a_bookmark_leads_back_to_its_time_and_a_loop_can_be_exported(
    window: Window, demo_log: Path, tmp_path: Path
) -> None:
    window.start(LogSource(demo_log))
    session = window.session
    assert session is not None
    wait(window, lambda: session.status.state is State.ENDED, "the end of the log")
    keep, exports = window.feature(KeepFeature), window.feature(ExportFeature)
    start_us = session.viewed.start_us
    assert start_us is not None
    middle_us = (start_us + session.viewed.now_us) // 2
    keep.bookmarks.add(middle_us, "half of it")
    wait(window, lambda: "half of it" in lines(keep), "its line")
    window.workspace.select(keep.view)
    wait(window, keep.view.lines.table.winfo_ismapped, "the tab")
    press(keep.view.lines.table, "<Return>")
    wait(window, lambda: abs(session.viewed.now_us - middle_us) < 2_000_000, "the middle of the log")
    assert session.replay is not None
    session.replay.playback.set_loop(10, 60)
    loop = exports.spans(session)[-1]
    assert loop.label.startswith("The range that loops")
    records = list(read_records(demo_log))
    path = tmp_path / "loop.csv"
    exports.export(session, Choice(What.PACKETS, loop, "CSV"), path)
    wait(window, lambda: "saved, " in texts(exports.bars[0]), "the export")
    inside = [each for each in records if loop.from_us <= each.timestamp_us < loop.to_us]
    assert 49 <= len(inside) <= 53
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + len(inside)


def lines(keep: KeepFeature) -> str:
    table = keep.view.lines.table
    return "\n".join(table.set(item, "bookmark") for item in table.get_children())
