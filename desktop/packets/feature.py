"""The inspector of packets: its tab, and what can be done with packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature
from desktop.packets.lines import as_hex, as_json
from desktop.packets.view import PacketsView
from desktop.shell.help import HelpFeature
from protocol.capture import CaptureWriter, Record

if TYPE_CHECKING:
    from desktop.sources.session import Session
    from desktop.window import Window

_TYPES = [("Packet logs", "*.pcapng")]
_AT_ONCE = 1000
_MOST_COPIED = 10_000


class PacketsFeature(Feature):
    """Shows each packet of the session's log."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        page, obstacle = window.workspace, window.session_obstacle
        self.view = PacketsView(page.tabs, self._seek)
        page.add_tab(self.view, "Packets")

        def action(menu: str, label: str, key: str, run: object, group: int = 3) -> Action:
            return Action(menu, label, key, run, obstacle=obstacle, page=page, group=group)  # type: ignore[arg-type]

        self.actions = [
            Action("View", "Packets", "i", self.show, page=page, group=3),
            action("Edit", "Filter packets", "f", self._filter),
            action("Edit", "Show all packets", "Shift+f", self._clear),
            action("Edit", "Go to packet …", "j", lambda: self._filter("#")),
            action("Edit", "Copy packets as hex", "Shift+h", lambda: self._copy(as_json=False), 4),
            action("Edit", "Copy packets as JSON", "Shift+j", lambda: self._copy(as_json=True), 4),
            action("File", "Export chosen packets …", "", lambda: self._export(chosen=True)),
            action("File", "Export filtered packets …", "", lambda: self._export(chosen=False)),
            Action("Help", "Filters for packets", "", lambda: window.feature(HelpFeature).show("filters.md")),
            action("View", "Follow the newest packet", "Shift+i", self.view.toggle_follow),
        ]

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self.view.attend(session)

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.view.refresh()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.view.close()

    def show(self) -> None:
        """Bring the list to the front."""
        self.window.workspace.select(self.view)
        self.view.focus_list()

    def _filter(self, start: str | None = None) -> None:
        self.window.workspace.select(self.view)
        self.view.filter.focus(start)

    def _clear(self) -> None:
        self.view.filter.apply("")

    def _seek(self, row: int) -> None:
        """Have all views show what was when that packet had come."""
        if self.window.session is not None:
            self.window.session.hold().seek(row + 1)

    def _copy(self, *, as_json: bool) -> None:
        rows = self._some(self.view.chosen_rows()[:_MOST_COPIED])
        if rows:
            records = self.view.records(rows)
            text = _json(self.view, rows, records) if as_json else as_hex(records)
            self.window.root.clipboard_clear()
            self.window.root.clipboard_append(text)

    def _export(self, *, chosen: bool) -> None:
        rows = self._some(self.view.chosen_rows() if chosen else self.view.filtered_rows())
        path = self.window.ask_save("Export packets", _TYPES, ".pcapng") if rows else None
        if path is not None:
            self.window.write(path, lambda place: self._write(place, rows))

    def _write(self, path: Path, rows: Sequence[int]) -> None:
        writer = CaptureWriter()
        with path.open("wb") as file:
            file.write(writer.header())
            for records in self._batches(rows):
                file.write(writer.encode_all(records))

    def _batches(self, rows: Sequence[int]) -> Iterator[list[Record]]:
        for begin in range(0, len(rows), _AT_ONCE):
            yield self.view.records(rows[begin : begin + _AT_ONCE])

    def _some(self, rows: Sequence[int]) -> Sequence[int]:
        if not rows:
            self.window.complain("There are no packets to take", "Choose packets in the list, or show more.")
        return rows


def _json(view: PacketsView, rows: Sequence[int], records: Sequence[Record]) -> str:
    return as_json(records, view.opened(rows, records))
