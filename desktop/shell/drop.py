"""Files that are dropped on the window are opened; where tkdnd cannot be loaded, nothing is accepted."""

from __future__ import annotations

import logging
import tkinter as tk
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.feature import Feature

if TYPE_CHECKING:
    from desktop.window import Window

_log = logging.getLogger(__name__)
_FILES = "DND_Files"
_LOAD_AFTER_MS = 400  # it can wait until the window lives


class DropFeature(Feature):
    """The whole window takes files. `is_accepting` tells whether it does."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.is_accepting = False
        window.root.after(_LOAD_AFTER_MS, self.accept)

    def accept(self) -> None:
        """Load tkdnd, which is a library for each system, and have the window take files."""
        root = self.window.root
        try:
            from tkinterdnd2 import TkinterDnD

            TkinterDnD.require(root)
            root.tk.call("tkdnd::drop_target", "register", str(root), _FILES)
        except (ImportError, RuntimeError, tk.TclError) as error:
            _log.info("files cannot be dropped on the window: %s", error)
            return
        # %D are the paths as a Tcl list, %A what is done with them; the answer says so to their owner.
        root.tk.call("bind", str(root), f"<<Drop:{_FILES}>>", f"{root.register(self._take)} %D")
        root.tk.call("bind", str(root), f"<<DropEnter:{_FILES}>>", f"{root.register(self._welcome)} %D")
        self.is_accepting = True

    def _welcome(self, paths: str) -> str:
        self.window.hint("Drop it to open it")
        return "copy"

    def _take(self, paths: str) -> str:
        files = self.window.root.tk.splitlist(paths)
        if files:
            # Not within the drop: the owner of the file waits, and a question may be asked.
            self.window.root.after_idle(self.window.open_file, Path(files[0]))
        return "copy"
