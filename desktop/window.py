"""The main window: one session at a time, its views, and all that a person can do."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tkinter import ttk
from types import TracebackType
from typing import Any

import ttkbootstrap

from bridge.access import load_access
from bridge.errors import TreeringError
from desktop import dialogs, places, theme
from desktop.actions import Action, install
from desktop.bridge_page.view import BridgeView
from desktop.bridge_page.watch import BridgeWatch
from desktop.connect.dialog import ConnectDialog
from desktop.header import Header, window_icon
from desktop.model.model import Changes
from desktop.model.words import plural
from desktop.palette import DARK, LIGHT
from desktop.plots.panels import EMPTY, file_name, save_panels
from desktop.plots.round_pictures import RoundPictures
from desktop.sources.bridge import BridgeSource
from desktop.sources.log import LogSource
from desktop.sources.session import Session
from desktop.sources.source import DemoSource, Source, State
from desktop.start_page import Offer, StartPage
from desktop.status_bar import StatusBar
from desktop.workspace import Workspace
from protocol.packets import Network

DRAIN_MS = 25
DRAIN_BUDGET_S = 0.015
STATUS_MS = 250
SIZE_PX, LEAST_SIZE_PX = (1280, 800), (760, 520)  # at the usual resolution
_LOG_TYPES = [("Packet logs", "*.pcapng"), ("All files", "*")]
_KEYS_TYPES = [("Keys", "*.toml"), ("All files", "*")]
_PNG_TYPES = [("Pictures", "*.png"), ("All files", "*")]
_CSV_TYPES = [("Comma-separated values", "*.csv"), ("All files", "*")]

_log = logging.getLogger(__name__)


def open_root(mode: str) -> ttkbootstrap.App:
    """The Tk root in the theme of that mode. Raises tk.TclError where there is no display."""
    theme.register()
    root = ttkbootstrap.App(
        title="Treering",
        theme=theme.name_of(mode),
        light_theme=theme.name_of(LIGHT),
        dark_theme=theme.name_of(DARK),
        iconphoto=None,
    )
    root.minsize(*ttkbootstrap.scale_size(root, LEAST_SIZE_PX))
    ttkbootstrap.on_theme_change(theme.build_styles)
    return root


class Window:
    """Fills the root. `recording` is the file for what is not read from a log, instead of the usual place."""

    def __init__(self, root: ttkbootstrap.App, recording: Path | None = None) -> None:
        self.root = root
        self.session: Session | None = None
        self._recording = recording
        self._pictures: RoundPictures | None = None
        self._watch: BridgeWatch | None = None
        self._failure_told = False
        self._complaint: dialogs.Dialog | None = None
        root.protocol("WM_DELETE_WINDOW", self.close)
        if sys.platform == "darwin":
            root.createcommand("tk::mac::Quit", self.close)
        root.report_callback_exception = self._on_exception
        self._icon = window_icon(root)
        # The system's bars, the title and the menu take some of the screen's height.
        screen_px = root.winfo_screenwidth(), root.winfo_screenheight() - 7 * theme.em_px()
        width, height = map(min, ttkbootstrap.scale_size(root, SIZE_PX), screen_px)
        root.geometry(f"{width}x{height}")
        self._build()
        self._show(self._start_page)
        self._drain()
        self._refresh_status()

    # --- what a person can do ----------------------------------------------------------------------------

    def start(self, source: Source) -> None:
        """Show this source instead of what is shown now."""
        try:
            session = Session(source, self._recording_for(source))
        except TreeringError as error:
            self._complain("This cannot be recorded", str(error))
            return
        self._stop_session()
        self.session = session
        self._failure_told = False
        self.workspace.attach(session.model)
        session.model.subscribe(self._save_pictures)
        self._status.attach(session)
        self._header.set_title(source.title)
        self.root.title(f"{source.title} – Treering")
        self._show(self.workspace)
        session.start()
        if isinstance(source, BridgeSource):
            self._watch = BridgeWatch(source.status_address)
            self._watch.start()
        self.bridge.attach(self._watch)

    def start_demo(self, network: Network = Network.TREE) -> None:
        """Show the demo of that kind of network, from its beginning."""
        self.start(DemoSource(network))

    def connect(self) -> None:
        """Ask which live field."""
        ConnectDialog(self.root, self.start)

    def open_log(self, path: Path | None = None) -> None:
        """Show a packet log; ask which if there is no path."""
        path = path or self._ask(ttkbootstrap.Querybox.get_open_filename, "Open a packet log", _LOG_TYPES)
        if path is not None:
            try:
                log = LogSource(path)
                self.start(self._with_keys(log) if log.is_sealed else log)
            except TreeringError as error:
                self._complain("This log cannot be opened", str(error))

    def _with_keys(self, log: LogSource) -> LogSource:
        """The sealed log with its keys, which are asked for; as it is without. Raises UsageError."""
        title = "This log is sealed: its network's keys"
        keys = self._ask(ttkbootstrap.Querybox.get_open_filename, title, _KEYS_TYPES)
        return log if keys is None else LogSource(log.log, load_access(str(keys)))

    def save_log(self, path: Path | None = None) -> None:
        """Copy the session's packet log, as far as it goes; ask where to if there is no path."""
        session = self._session_or_complaint("There is no log to save yet")
        if session is None:
            return
        path = path or self._ask_for_new_file("Save the packet log", _LOG_TYPES, ".pcapng")
        if path is not None:
            self._write(path, session.save_log)

    def export_rounds(self, path: Path | None = None) -> None:
        """Write the rounds as CSV; ask where to if there is no path."""
        session = self._session_or_complaint("There are no rounds to export yet")
        if session is None:
            return
        path = path or self._ask_for_new_file("Export the rounds", _CSV_TYPES, ".csv")
        if path is not None:
            self._write(path, session.export_rounds)

    def save_round(self, path: Path | None = None) -> None:
        """Write the readings of the round that is shown as a PNG; ask where to if there is no path."""
        session = self._session_or_complaint("There is no round to save yet")
        if session is None:
            return
        shown = session.model.settled
        if shown is None or not shown.readings:
            self._complain("There is no round to save yet", EMPTY)
            return
        path = path or self._ask(
            ttkbootstrap.Querybox.get_save_filename, "Save the round", _PNG_TYPES,
            initialfile=file_name(shown), defaultextension=".png",
        )  # fmt: skip
        if path is not None:
            self._write(path, lambda to: save_panels(shown, to, theme.current(), session.source.title))

    def toggle_round_pictures(self, folder: Path | None = None) -> None:
        """From now on write every round as a PNG into a folder, which is asked for; or do so no more."""
        session = self._session_or_complaint("There are no rounds to save yet")
        if session is None:
            return
        if self._pictures is not None:
            self._stop_pictures()
            session.model.notice("rounds are no longer saved as PNG")
        else:
            chosen = folder or ttkbootstrap.Querybox.get_directory(self.root, title="A folder for the rounds")
            if not chosen:
                return
            self._pictures = RoundPictures(Path(chosen), theme.current(), session.source.title)
            session.model.notice(f"each round is saved as PNG in {chosen}")
        session.model.publish()

    def close_session(self) -> None:
        """End the source and go back to the start page."""
        self._stop_session()
        self.bridge.attach(None)
        self._status.attach(None)
        self._header.set_title("")
        self.root.title("Treering")
        self._show(self._start_page)

    def toggle_bridge(self) -> None:
        """The page of the bridge, instead of what is shown; or the other way."""
        shown = self._start_page if self.session is None else self.workspace
        self._show(shown if self.bridge.winfo_manager() else self.bridge)

    def toggle_theme(self) -> None:
        """From light to dark and back."""
        self.root.toggle_theme()
        for part in (self._header, *self._pages):
            part.repaint()
        self._status.refresh()

    def close(self) -> None:
        """End all and close the window."""
        self._stop_session()
        for timer in self.root.tk.splitlist(self.root.tk.call("after", "info")):
            self.root.tk.call("after", "cancel", timer)  # or Tk calls what is no more
        self.root.destroy()

    # --- the parts ---------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.workspace = Workspace(self.root)
        demo = Action("Source", "Demo: tree", "d", self.start_demo)
        ring_demo = Action("Source", "Demo: ring", "F3", lambda: self.start_demo(Network.RING))
        polling_demo = Action("Source", "Demo: polling", "F4", lambda: self.start_demo(Network.POLLING))
        connect = Action("Source", "Connect …", "l", self.connect)
        open_log = Action("File", "Open log …", "o", self.open_log)
        save_log = Action("File", "Save log as …", "s", self.save_log)
        self._show_bridge = Action("View", "Bridge, or network", "b", self.toggle_bridge)
        change_theme = Action("View", "Light or dark", "t", self.toggle_theme)
        self.actions = [
            open_log,
            save_log,
            Action("File", "Export rounds as CSV …", "e", self.export_rounds),
            Action("File", "Save round as PNG …", "g", self.save_round),
            Action("File", "Save each round as PNG …", "F5", self.toggle_round_pictures),
            Action("File", "Close session", "w", self.close_session),
            Action("File", "Quit", "q", self.close),
            demo,
            ring_demo,
            polling_demo,
            connect,
            self._show_bridge,
            Action("View", "Next metric", "m", self.workspace.plot.next_metric),
            Action("View", "Each node, or over time", "p", self.workspace.toggle_panels),
            Action("View", "Rounds among the events", "r", self.workspace.events.toggle_rounds),
            change_theme,
            Action("Help", "Keys", "F1", self._show_keys),
            Action("Help", "About Treering", "F2", lambda: dialogs.show_about(self.root)),
        ]
        install(self.root, self.actions)
        self._header = Header(
            self.root,
            [
                ("play-fill", "Demo", demo),
                ("usb-plug", "Connect …", connect),
                ("folder2-open", "Open …", open_log),
                ("download", "Save …", save_log),
                ("hdd-network", "Bridge", self._show_bridge),
                ("circle-half", "", change_theme),
            ],
        )
        offers = [
            Offer(
                "play-circle",
                "Demo network",
                "Simulated nodes, no hardware. Now and then one dies: watch the network repair itself.",
                [("Tree", demo), ("Ring", ring_demo), ("Polling", polling_demo)],
            ),
            Offer(
                "usb-plug",
                "Live field",
                "A bridge, an Arduino on a serial port, or agents on the network. All of it is recorded.",
                [("Connect …", connect)],
            ),
            Offer(
                "folder2-open",
                "Packet log",
                "What was recorded before, with the same pictures and the same numbers.",
                [("Open a log …", open_log)],
            ),
        ]
        self._start_page = StartPage(self.root, offers)
        self.bridge = BridgeView(self.root, connect, self._show_bridge)
        self._pages = (self._start_page, self.workspace, self.bridge)
        self._status = StatusBar(self.root)
        self._header.pack(fill="x")
        self._status.pack(side="bottom", fill="x")

    def _show(self, page: ttk.Frame) -> None:
        for other in self._pages:
            other.pack_forget()
        page.pack(fill="both", expand=True)

    def _show_keys(self) -> None:
        keys = [(action.shown_key, action.label.rstrip(" …")) for action in self.actions]
        dialogs.show_keys(self.root, [*keys, ("Arrow keys", "From node to node, in the network")])

    # --- the session -------------------------------------------------------------------------------------

    def _recording_for(self, source: Source) -> Path | None:
        """A live field is always kept, the demo only on demand: it can be run again."""
        if source.log is not None:
            return None
        if self._recording is None and not isinstance(source, DemoSource):
            return places.new_recording()
        return self._recording

    def _stop_session(self) -> None:
        self._stop_pictures()
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self.session is not None:
            self.session.stop()
            self.session = None

    def _save_pictures(self, changes: Changes) -> None:
        if self._pictures is not None:
            for shown in changes.settled:
                self._pictures.save(shown)

    def _stop_pictures(self) -> None:
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None

    def _heed_pictures(self) -> None:
        """A folder that cannot be written to is told once, and left."""
        if self._pictures is not None and (problem := self._pictures.problem) is not None:
            folder = self._pictures.folder
            self._stop_pictures()
            why = problem.strerror if isinstance(problem, OSError) else problem
            self._complain("Rounds cannot be saved", f"{folder}: {why}; make room, or choose another folder")

    def _drain(self) -> None:
        self.root.after(DRAIN_MS, self._drain)
        if self.session is not None:
            self.session.drain(DRAIN_BUDGET_S)
            status = self.session.status
            if status.state is State.FAILED and not self._failure_told:
                self._failure_told = True
                self._complain(f"Stopped: {self.session.source.title}", status.text)

    def _refresh_status(self) -> None:
        self.root.after(STATUS_MS, self._refresh_status)
        self._heed_pictures()
        self._status.refresh()
        self.bridge.refresh()
        page = self.bridge.page
        warned = f": {plural(len(page.warnings), 'warning')}" if page and page.warnings else ""
        self._header.relabel(self._show_bridge, f"Bridge{warned}")

    # --- files -------------------------------------------------------------------------------------------

    def _ask(
        self, ask: Callable[..., str | None], title: str, types: list[tuple[str, str]], **options: Any
    ) -> Path | None:
        folder = places.recordings() if places.recordings().is_dir() else Path.home()
        chosen = ask(self.root, title=title, filetypes=types, initialdir=str(folder), **options)
        return Path(chosen) if chosen else None

    def _ask_for_new_file(self, title: str, types: list[tuple[str, str]], suffix: str) -> Path | None:
        name = f"{places.NAME}-{datetime.now():%Y-%m-%d-%H%M}{suffix}"
        save = ttkbootstrap.Querybox.get_save_filename
        return self._ask(save, title, types, initialfile=name, defaultextension=suffix)

    def _write(self, path: Path, write: Callable[[Path], object]) -> None:
        try:
            write(path)
        except OSError as error:
            self._complain("This file cannot be written", f"{path}: {error.strerror}; choose another place")
        else:
            assert self.session is not None
            self.session.model.notice(f"saved as {path}")
            self.session.model.publish()

    # --- trouble -----------------------------------------------------------------------------------------

    def _session_or_complaint(self, heading: str) -> Session | None:
        if self.session is None:
            self._complain(heading, "Start the demo, connect, or open a log first.")
        return self.session

    def _complain(self, heading: str, text: str, details: str = "") -> None:
        """One dialog at a time: trouble that repeats must not bury the window."""
        if self._complaint is None or not self._complaint.winfo_exists():
            self._complaint = dialogs.tell(self.root, heading, text, details)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        _log.error("in a callback", exc_info=(kind, error, trace))
        details = "".join(traceback.format_exception(kind, error, trace))
        text = (
            f"{kind.__name__}: {error}\n\nThe app goes on. Please report this; {places.error_log()} has more."
        )
        self._complain("Something went wrong in Treering", text, details)
