"""Every round as a PNG in a folder, for as long as that is wanted.

A process of its own makes them, one after the other: a picture takes a third of a second of a processor.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from pathlib import Path

from desktop.model.readings import RoundReadings
from desktop.palette import Palette
from desktop.plots.panels import file_name, save_panels


class RoundPictures:
    """Writes into `folder`; `problem` says why it could not, and then no more are written."""

    def __init__(self, folder: Path, palette: Palette, title: str) -> None:
        self.folder = folder
        self.problem: BaseException | None = None
        self._palette = palette
        self._title = title
        self._worker = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def save(self, shown: RoundReadings) -> None:
        """Have that round written, unless it has no readings."""
        if shown.readings and self.problem is None:
            path = self.folder / file_name(shown)
            done = self._worker.submit(save_panels, shown, path, self._palette, self._title)
            done.add_done_callback(self._note)

    def close(self) -> None:
        """Finish those at hand; leave the others that wait."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _note(self, done: Future[None]) -> None:
        try:
            done.result()
        except CancelledError:
            pass
        except Exception as error:  # such as a full disk, or the end of the process: the window tells it
            self.problem = error
