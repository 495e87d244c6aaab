"""The main window: one session at a time, the views and pages that its features bring, and their actions.

The first picture is there before what is costly, and a session's network before the rest of its views: the
workspace, then plots and features with all that they import, come one by one after it, or at once if anybody
asks for them.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import ttkbootstrap

from bridge.errors import TreeringError, UsageError
from desktop import dialogs, places, theme
from desktop.actions import Action
from desktop.feature import Feature
from desktop.header import Header, window_icon
from desktop.page import Page
from desktop.palette import DARK, LIGHT
from desktop.shell import frame
from desktop.shell.garbage import MainThreadGarbage
from desktop.shell.hint import Hint
from desktop.shell.keys import Keys
from desktop.shell.memory import Memory
from desktop.shell.menu_bar import MenuBar
from desktop.shell.settings import Settings, SettingsFile
from desktop.start_page import StartPage

if TYPE_CHECKING:
    from desktop.shell.choice import Choice
    from desktop.sources.log import LogSource
    from desktop.sources.session import Session
    from desktop.sources.source import Source
    from desktop.workspace import Workspace

DRAIN_MS = 25
DRAIN_BUDGET_S = 0.015
STATUS_MS = 250
_AFTER_PAINT_MS, _LOOK_MS = 60, 15
_RECENT_ACTIONS, _RECENT_LOGS = "actions", "logs"

_log = logging.getLogger(__name__)
_AnyFeature = TypeVar("_AnyFeature", bound=Feature)


def open_root(mode: str) -> ttkbootstrap.App:
    """The Tk root in the theme of that mode. Raises tk.TclError where there is no display."""
    theme.register()
    root = ttkbootstrap.App(
        title="Treering",
        theme=theme.name_of(mode),
        light_theme=theme.name_of(LIGHT),
        dark_theme=theme.name_of(DARK),
        iconphoto=None,
        className="Treering",  # by which a desktop knows whose window it is
    )
    ttkbootstrap.on_theme_change(theme.build_styles)
    return root


class Window:
    """Fills the root. `recording` is the file for what is not read from a log, instead of the usual place.

    If it `follows_settings`, the theme is that of the settings; else the root's, until a person changes it.
    """

    def __init__(
        self, root: ttkbootstrap.App, recording: Path | None = None, *, follows_settings: bool = False
    ) -> None:
        self.follows_settings = follows_settings
        self.root = root
        self.session: Session | None = None
        self._recording = recording
        self._failure_told = False
        self._complaint: dialogs.Dialog | None = None
        self._garbage = MainThreadGarbage(root)
        self._settings = SettingsFile(places.settings())
        self.memory = Memory(places.memory())
        root.protocol("WM_DELETE_WINDOW", self.close)
        if sys.platform == "darwin":
            root.createcommand("tk::mac::Quit", self.close)
            root.createcommand("tk::mac::OpenDocument", lambda *paths: self.open_file(Path(paths[0])))
        root.report_callback_exception = self.on_exception
        self._icon = window_icon(root)
        frame.restore(root, self.memory)
        self._menus = MenuBar(root)
        self.header = Header(root)
        self.header.pack(fill="x")
        self._hint = Hint(root)
        self._keys = Keys(root, lambda: self.shown_page, self.perform)
        self.start_page = StartPage(root, self.perform_named)
        self._pages: list[Page] = [self.start_page]
        self._workspace: Workspace | None = None
        self._features: list[Feature] = []
        self._steps = self._make_all()
        self._is_furnishing = self._is_furnished = False
        self.show_page(self.start_page)
        root.after(_AFTER_PAINT_MS, self._furnish_soon)

    # --- sessions ----------------------------------------------------------------------------------------

    def start(self, source: Source | LogSource) -> None:
        """Show this source instead of what is shown now."""
        from desktop.replay.session import ReplaySession
        from desktop.sources.log import LogSource
        from desktop.sources.session import LiveSession

        if isinstance(source, LogSource):
            self.show(ReplaySession(source))
            return
        try:
            session = LiveSession(source, self._recording or self._new_recording())
        except TreeringError as error:
            self.complain("This cannot be recorded", str(error))
            return
        self.show(session)

    def show(self, session: Session) -> None:
        """Show this session, which has not begun, instead of what is shown now."""
        self._stop_session()
        workspace = self._first_views()
        self.session = session
        self._failure_told = False
        workspace.attend(session)
        self._status.attach(session)
        self._status.pack(side="bottom", fill="x")
        self.header.set_title(session.source.title)
        self.root.title(f"{session.source.title} – Treering")
        self.show_page(workspace)
        session.start()
        for feature in self._features:
            feature.attend(session)
        if session.source.log is not None:
            self._remember_log(session.source.log)

    def open_file(self, path: Path) -> None:
        """Show what is in it: a packet log, unless a feature says that it is something of its own."""
        self.furnish()
        for feature in self._features:
            if feature.open_file(path):
                return
        from desktop.keep.files import FilesFeature

        self.feature(FilesFeature).open_log(path)

    def close_session(self) -> None:
        """End the source and go back to the start page."""
        self._stop_session()
        for feature in self._features:
            feature.attend(None)
        self._status.attach(None)
        self._status.pack_forget()
        self.header.set_title("")
        self.root.title("Treering")
        self.show_page(self.start_page)

    @property
    def recent_logs(self) -> list[str]:
        """The paths of the logs that were opened last, the last first."""
        return self.memory.texts(_RECENT_LOGS)

    @property
    def recent_actions(self) -> list[str]:
        """The labels of the actions that were done last, the last first."""
        return self.memory.texts(_RECENT_ACTIONS)

    def session_obstacle(self) -> str | None:
        """The obstacle of actions that need a session."""
        return None if self.session else "start the demo, connect, or open a log first"

    def session_or_complaint(self, heading: str) -> Session | None:
        """The session; without one a person is told, under that heading, what to do."""
        if self.session is None:
            self.complain(heading, "Start the demo, connect, or open a log first.")
        return self.session

    def notice(self, text: str) -> None:
        """Add a line to the events of the session, if there is one."""
        if self.session is not None:
            self.session.model.notice(text)
            self.session.model.publish()

    def _new_recording(self) -> Path | None:
        """The file for a session that begins now; None if none is wanted, or there can be none."""
        from desktop.keep.recordings import Recordings

        if not self.settings.recording:
            return None
        try:
            return Recordings(self.settings.recordings).new_path()
        except UsageError as error:
            self.complain("This session is not recorded", str(error))
            return None

    def _stop_session(self) -> None:
        if self.session is not None:
            self.session.stop()
            if self.session.kept:
                self._remember_log(self.session.log)
            self.session = None

    def _remember_log(self, log: Path) -> None:
        self.memory.add_recent(_RECENT_LOGS, str(log.resolve()))
        self.memory.save()

    @property
    def settings(self) -> Settings:
        """What a person has settled."""
        return self._settings.now

    def change_settings(self, **values: object) -> None:
        """Keep these, and tell the features. Raises ValueError for what is no value of its setting."""
        try:
            self._settings.change(**values)
        except UsageError as error:
            self.complain("The settings cannot be kept", f"{error}; until then they hold for this time")
        for feature in self._features:
            feature.heed(self.settings)

    # --- pages and features ------------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace:
        """The views of a session, all of them."""
        self.furnish()
        assert self._workspace is not None
        return self._workspace

    def _first_views(self) -> Workspace:
        """The same, as far as it is made."""
        while self._workspace is None:
            self._furnish_more()
        return self._workspace

    @property
    def actions(self) -> list[Action]:
        """All that a person can do, in the order of the menus."""
        return [action for actions in self.actions_by_feature for action in actions]

    @property
    def actions_by_feature(self) -> list[Sequence[Action]]:
        """The same, together as they belong."""
        self.furnish()
        return [feature.actions for feature in self._features]

    def feature(self, kind: type[_AnyFeature]) -> _AnyFeature:
        """The one of that kind; while they are made, those further down in FEATURES are not there."""
        self.furnish()
        return next(feature for feature in self._features if isinstance(feature, kind))

    def perform(self, action: Action) -> None:
        """Do it, unless there is an obstacle, which is told."""
        if problem := self.obstacle(action):
            self.hint(f"{action.name}: {problem}")
            return
        self.memory.add_recent(_RECENT_ACTIONS, action.label)
        action.run()

    def _here(self, action: Action) -> Action:
        """What a button of the top line does: on a page that has an action with its key, that one."""
        page = self.shown_page
        of_page = (other for other in self.actions if other.page is page and other.key == action.key != "")
        return action if page is None else next(of_page, action)

    def perform_named(self, label: str) -> None:
        """Do the action of that label."""
        self.perform(next(action for action in self.actions if action.label == label))

    def obstacle(self, action: Action) -> str | None:
        """Why this cannot be done now, here."""
        if action.page is not None and action.page is not self.shown_page:
            return f"only on the page “{action.page.title}”"
        return action.obstacle()

    def choices(self) -> list[Choice]:
        """What the command palette offers now besides the actions."""
        return [choice for feature in self._features for choice in feature.choices()]

    def hint(self, text: str) -> None:
        """Say that at the lower edge, for some seconds."""
        self._hint.show(text)

    def add_page(self, page: Page) -> None:
        """Have a page that `show_page` can show."""
        self._pages.append(page)

    @property
    def shown_page(self) -> Page | None:
        """The page that is seen."""
        return next((page for page in self._pages if page.winfo_manager()), None)

    def show_page(self, page: Page) -> None:
        """Show it instead of what is shown."""
        if page is self.shown_page:
            return
        for other in self._pages:
            other.pack_forget()
        page.pack(fill="both", expand=True)
        self.root.focus_set()  # what is not seen any more hears no keys
        self._refresh_header()

    def toggle_page(self, page: Page) -> None:
        """Show it; if it is shown, go back to the session or the start page."""
        if page.winfo_manager():
            self.show_home()
        else:
            self.show_page(page)

    def show_home(self) -> None:
        """Back to the session, or to the start page if there is none."""
        self.show_page(self.start_page if self.session is None else self._first_views())

    def relabel(self, action: Action, text: str) -> None:
        """Change the text of that action's button in the top line."""
        self.header.relabel(action, text)

    def show_theme(self, mode: str) -> None:
        """Light or dark."""
        if mode == theme.mode():
            return
        self.root.toggle_theme()
        self.header.repaint()
        for page in self._pages:
            page.repaint()
        for feature in self._features:
            feature.repaint()
        self._hint.repaint()

    def close(self) -> None:
        """End all and close the window, unless a person keeps it open for what is not saved."""
        if not self._may_close() or not all(feature.may_close() for feature in self._features):
            return
        self._stop_session()
        for feature in self._features:
            feature.close()
        frame.remember(self.root, self.memory)
        if self._is_furnished:
            self.workspace.remember(self.memory)
        self.memory.save()
        for timer in self.root.tk.splitlist(self.root.tk.call("after", "info")):
            self.root.tk.call("after", "cancel", timer)  # or Tk calls what is no more
        self.root.destroy()
        self._garbage.end()

    def _may_close(self) -> bool:
        if self.session is None or not self.settings.confirm_close:
            return True
        text = f"{self.session.source.title} is still shown. Its recording ends with it."
        return dialogs.confirm(self.root, "Close the window?", text, "Close")

    def furnish(self) -> None:
        """Make what is left to make of the workspace and the features."""
        while self._furnish_more():
            pass

    def _furnish_more(self) -> bool:
        """Make one more thing; whether there may be more. What is being made may ask for those before it."""
        if self._is_furnishing:
            return False
        self._is_furnishing = True
        try:
            return next(self._steps, False)
        finally:
            self._is_furnishing = False

    def _make_all(self) -> Iterator[bool]:
        """Makes one thing, then yields True."""
        from desktop.status_bar import StatusBar
        from desktop.workspace import Workspace

        self._workspace = workspace = Workspace(self.root)
        workspace.restore(self.memory)
        self._status = StatusBar(self.root)
        self._pages.append(workspace)
        self._drain()
        yield True
        workspace.add_plots()
        yield True
        from desktop.features import FEATURES

        for kind in FEATURES:
            yield True
            self._features.append(feature := kind(self))
            if self.session is not None:
                feature.attend(self.session)
        yield True
        if self.session is not None:
            workspace.catch_up(self.session)
        self._keys.bind(self.actions)
        self._menus.fill(self.actions_by_feature, self.perform, self.obstacle)
        self.header.fill(
            [action for action in self.actions if action.icon],
            lambda action: self.perform(self._here(action)),
        )
        self.start_page.furnish(self.actions)
        self._hint.lift()
        workspace.restore(self.memory)
        if self._settings.problem:
            self.complain("The settings are not as they were", self._settings.problem)
        self._refresh()
        self._is_furnished = True
        yield True
        self._garbage.settle()

    def _furnish_soon(self) -> None:
        """The start page lives while a thread imports what comes next."""
        importing = threading.Thread(target=import_module, args=("desktop.features",), daemon=True)
        importing.start()

        def look() -> None:
            if importing.is_alive():
                self.root.after(_LOOK_MS, look)
            elif self._furnish_more():
                self.root.after(1, look)

        look()

    def _drain(self) -> None:
        from desktop.sources.source import State

        self.root.after(DRAIN_MS, self._drain)
        if self.session is not None:
            self.session.drain(DRAIN_BUDGET_S)
            self._first_views().attach(self.session.viewed)
            status = self.session.status
            if status.state is State.FAILED and not self._failure_told:
                self._failure_told = True
                self.complain(f"Stopped: {self.session.source.title}", status.text)

    def _refresh(self) -> None:
        self.root.after(STATUS_MS, self._refresh)
        self._status.refresh()
        self._refresh_header()
        for feature in self._features:
            feature.refresh()

    def _refresh_header(self) -> None:
        self.header.refresh(lambda action: self.obstacle(self._here(action)))

    # --- files -------------------------------------------------------------------------------------------

    def ask_open(self, title: str, types: list[tuple[str, str]]) -> Path | None:
        """Which file that is there; None if the person has thought better of it."""
        chosen = ttkbootstrap.Querybox.get_open_filename(
            self.root, title=title, filetypes=types, initialdir=self._folder()
        )
        return Path(chosen) if chosen else None

    def ask_save(
        self, title: str, types: list[tuple[str, str]], suffix: str, *, name: str = ""
    ) -> Path | None:
        """Which new file; its name is of the time if none is given."""
        name = name or f"{places.NAME}-{datetime.now():%Y-%m-%d-%H%M}{suffix}"
        chosen = ttkbootstrap.Querybox.get_save_filename(
            self.root, title=title, filetypes=types, initialdir=self._folder(), initialfile=name,
            defaultextension=suffix,
        )  # fmt: skip
        return Path(chosen) if chosen else None

    def ask_folder(self, title: str) -> Path | None:
        """Which folder."""
        chosen = ttkbootstrap.Querybox.get_directory(self.root, title=title)
        return Path(chosen) if chosen else None

    def write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Have `write` write that file, and say how it went."""
        try:
            write(path)
        except OSError as error:
            self.complain("This file cannot be written", f"{path}: {error.strerror}; choose another place")
        else:
            self.notice(f"saved as {path}")

    def _folder(self) -> str:
        folders = (places.recordings(), places.examples(), Path.home())
        return str(next(folder for folder in folders if folder.is_dir()))

    # --- trouble -----------------------------------------------------------------------------------------

    def complain(
        self, heading: str, text: str, details: str = "", more: Callable[[], object] | None = None
    ) -> None:
        """One dialog at a time: trouble that repeats must not bury the window."""
        _log.warning("%s: %s", heading, text)
        if self._complaint is None or not self._complaint.winfo_exists():
            self._complaint = dialogs.tell(self.root, heading, text, details, more)

    def on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """What nobody has caught is told, and the app goes on."""
        _log.error("in a callback", exc_info=(kind, error, trace))
        details = "".join(traceback.format_exception(kind, error, trace))
        text = (
            f"Treering did not expect this: {error or 'no reason given'} ({kind.__name__}).\n\n"
            "The app goes on, but what you did last may not have happened. Try it again, and please report it"
            " with the details; the log has them, too."
        )
        self.complain("Something went wrong", text, details, lambda: self.perform_named("Log of the app"))
