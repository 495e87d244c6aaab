"""The inspector of packets: its tab, and what can be done with packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature
from desktop.model.words import plural
from desktop.packets.export import PacketExport
from desktop.packets.lines import as_hex
from desktop.packets.view import PacketsView, Rows
from desktop.shell.help import HelpFeature

if TYPE_CHECKING:
    from desktop.sources.session import Session
    from desktop.window import Window

_TYPES = [("Packet logs", "*.pcapng")]
_MOST_COPIED = 1_000
_EXPORT_BUDGET_S, _EXPORT_MS = 0.015, 10


class PacketsFeature(Feature):
    """Shows each packet of the session's log."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._export_job: PacketExport | None = None
        page, obstacle = window.workspace, window.session_obstacle
        self.view = PacketsView(page.tabs, self._seek)
        page.add_tab(self.view, "Packets")

        def action(menu: str, label: str, key: str, run: Callable[[], object], group: int = 3) -> Action:
            return Action(menu, label, key, run, obstacle=obstacle, page=page, group=group)

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
        self._stop_export()  # the log goes that it reads
        if session is None:  # of another the workspace tells the view
            self.view.attend(None)

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.view.refresh()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self._stop_export()
        self.view.close()

    def show(self) -> None:
        """Bring the list to the front."""
        self.window.workspace.select(self.view)
        self.view.focus_list()

    def _filter(self, start: str | None = None) -> None:
        self.window.workspace.select(self.view)
        self.view.filter.begin(start)

    def _clear(self) -> None:
        self.view.filter.apply("")

    def _seek(self, row: int) -> None:
        """Have all views show what was when that packet had come."""
        if self.window.session is not None:
            self.window.session.hold().seek(row + 1)

    def _copy(self, *, as_json: bool) -> None:
        rows = self._some(self.view.chosen_rows()).tolist()
        if len(rows) > _MOST_COPIED:
            text = f"At most {_MOST_COPIED:,} packets can be copied; export these as a packet log."
            self.window.complain("So many packets are better exported", text)
        elif rows:
            text = self.view.as_json(rows) if as_json else as_hex(self.view.records(rows))
            self.window.root.clipboard_clear()
            self.window.root.clipboard_append(text)
            self.window.hint(f"{plural(len(rows), 'packet')} copied")

    def _export(self, *, chosen: bool) -> None:
        rows = self._some(self.view.chosen_rows() if chosen else self.view.filtered_rows())
        path = self.window.ask_save("Export packets", _TYPES, ".pcapng") if len(rows) else None
        if path is not None:
            self._stop_export()
            self._export_job = PacketExport(path, rows, self.view.records)
            self._go_on()

    def _go_on(self) -> None:
        """Write some packets, and the others soon."""
        job = self._export_job
        if job is None:
            return
        try:
            job.write_some(_EXPORT_BUDGET_S)
        except OSError as error:
            self._stop_export()
            reason = f"{job.path}: {error.strerror}; make room, or choose another place"
            self.window.complain("This file cannot be written", reason)
            return
        if job.is_done:
            self._export_job = None
            self.window.notice(f"{plural(job.count, 'packet')} saved as {job.path}")
        else:
            self.window.hint(f"Exporting packets: {job.share:.0%}")
            self.window.root.after(_EXPORT_MS, self._go_on)

    def _stop_export(self) -> None:
        """What is half written goes."""
        if self._export_job is not None:
            self._export_job.cancel()
            self._export_job = None

    def _some(self, rows: Rows) -> Rows:
        if not len(rows):
            self.window.complain("There are no packets to take", "Choose packets in the list, or show more.")
        return rows
