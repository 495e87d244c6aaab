"""Every round as a PNG in a folder, for as long as that is wanted: made in a thread, one after the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from desktop.model_readings import RoundReadings
from desktop.palette import Palette
from desktop.panels import file_name, save_panels


class RoundPictures:
    """Writes into `folder`; `problem` says why it could not, and then no more are written."""

    def __init__(self, folder: Path, palette: Palette, title: str) -> None:
        self.folder = folder
        self.problem: OSError | None = None
        self._palette = palette
        self._title = title
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")

    def save(self, shown: RoundReadings) -> None:
        """Have that round written, unless it has no readings."""
        if shown.readings and self.problem is None:
            self._worker.submit(self._write, shown).add_done_callback(self._note)

    def close(self) -> None:
        """Finish the one at hand; leave those that wait."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _write(self, shown: RoundReadings) -> None:
        if self.problem is None:
            save_panels(shown, self.folder / file_name(shown), self._palette, self._title)

    def _note(self, done: Future[None]) -> None:
        if not done.cancelled() and isinstance(error := done.exception(), OSError):
            self.problem = error
