"""Opens the app, or runs the demo without one where there is no display."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from desktop import places

if TYPE_CHECKING:
    from bridge.access import Access
    from bridge.addresses import Address
    from desktop.sources.log import LogSource
    from desktop.sources.source import Source
    from protocol.packets import Network

_LOG_BYTES = 1_000_000
_FIELD_SUFFIXES = (".toml", ".def", ".top")


@dataclass(frozen=True, slots=True)
class Options:
    """What to begin with, at most one of `demo`, `ports`, `bridge` and `log`; without any, the start page.

    `network` is the kind of network of the demo, or of the ports, by its name; `access` is to the network of
    the others, None: it is open.
    `status` is where the bridge tells how it is, if not at the usual place. `log` may be a field's file, too.
    `recording` is the packet log to write. `rounds` and `out_dir` are for a run without a display. `mode` is
    the theme, "light" or "dark"; None follows the system.
    """

    demo: bool = False
    network: str = "tree"
    ports: tuple[str, ...] = ()
    bridge: Address | None = None
    status: Address | None = None
    log: Path | None = None
    access: Access | None = None
    recording: Path | None = None
    rounds: int = 20
    out_dir: Path = Path("out")
    mode: str | None = None


def main(options: Options) -> int:
    """Run until the window is closed; the exit code. Raises UsageError for what cannot be done."""
    places.use_own_matplotlib_folder()
    missing = _missing_display()
    if missing is None:
        try:
            return _run_window(options)
        except _NoDisplayError as error:
            missing = str(error)
    if instead := _without_display(options):
        raise UsageError(f"no display: {missing}; use `{instead}` instead")
    print(f"No display: {missing}; the demo runs as text.")
    from desktop.headless import run_headless

    return run_headless(options.rounds, options.out_dir, _network(options))


def _without_display(options: Options) -> str | None:
    """The command for that, as text; None for what runs as text here."""
    if options.ports:
        return "treering bridge --port PORT --keys FILE"
    if options.bridge:
        return "treering bridge --connect HOST:PORT --keys FILE"
    return "treering replay FILE" if options.log else None


class _NoDisplayError(Exception):
    """Tk cannot open a window."""


def _missing_display() -> str | None:
    """Why there can be no window, as far as that is known without Tk; None if there may be one."""
    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY"):
        return None
    return "DISPLAY is not set"


def _run_window(options: Options) -> int:
    try:
        import tkinter
    except ImportError as error:
        raise _NoDisplayError(f"{error}; install Python's tkinter") from error
    from desktop.shell.appearance import first_mode
    from desktop.window import Window, open_root

    field = _checked_field(options)
    log = None if field else _checked_log(options)
    try:
        root = open_root(options.mode or first_mode())
    except tkinter.TclError as error:
        raise _NoDisplayError(str(error)) from error
    _log_to_file()
    window = Window(root, options.recording, follows_settings=options.mode is None)
    root.update()  # the first picture, before what is costly
    if field is not None:
        window.open_file(field)
    elif source := log or _source(options):
        window.start(source)
    root.mainloop()
    return 0


def _checked_field(options: Options) -> Path | None:
    """The file to open, if it is a field's. Raises UsageError for one that cannot be read."""
    path = options.log
    if path is None or path.suffix not in _FIELD_SUFFIXES:
        return None
    from desktop.editor.exchange import open_field

    open_field(path)
    return path


def _checked_log(options: Options) -> LogSource | None:
    """What cannot be read is the command's error, before there is a window. Raises UsageError."""
    if options.log is None:
        return None
    from bridge.access import OPEN
    from desktop.sources.log import LogSource

    return LogSource(options.log, options.access or OPEN)


def _source(options: Options) -> Source | None:
    """What to begin with, but for a log; None: the start page."""
    if options.ports:
        from bridge.access import OPEN
        from desktop.sources.live import LiveSource

        return LiveSource(options.ports, access=options.access or OPEN, network=_network(options))
    if options.bridge:
        from bridge.access import OPEN
        from desktop.sources.bridge import BridgeSource

        return BridgeSource(options.bridge, access=options.access or OPEN, status_address=options.status)
    if options.demo:
        from desktop.sources.demo import DemoSource

        return DemoSource(_network(options))
    return None


def _network(options: Options) -> Network:
    from protocol.packets import Network

    return Network[options.network.upper()]


def _log_to_file() -> None:
    """Unexpected errors and warnings outlive the session; without a place to write there is no such log."""
    from desktop.shell.log_text import FORMAT

    path = places.error_log()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
