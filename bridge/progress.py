"""Long work on a log or a store, and a bar that shows how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bridge.access import Access, RecordOpener
from bridge.errors import UsageError
from bridge.log.fact_reader import read_facts
from bridge.log.facts import FactBatch
from bridge.log.folder import LogFolder

Show = Callable[[float | None, int], None]


@contextmanager
def progress_bar(unit: str) -> Iterator[Show]:
    """On stderr, if that is a terminal. To be called with how far it is, from 0 to 1 (None: not known), and
    with how many of that unit are done."""
    text = TextColumn("{task.fields[done]:,} " + unit)
    columns = (text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None, done=0)

        def show(share: float | None, done: int) -> None:
            bar.update(task, total=None if share is None else 1.0, completed=share or 0, done=done)

        yield show


def read_folder(path: Path, access: Access) -> Iterator[tuple[FactBatch, float]]:
    """All that the log in that folder tells, as the bridge's consumers get it, and how far that is.

    Raises UsageError if it holds no log, or cannot be read.
    """
    segments = LogFolder(path).segments()
    if not segments:
        raise UsageError(f"{path}: no segment of a log (treering-*.pcapng) is there; name another folder")
    total_bytes = sum(segment.size_bytes for segment in segments)
    try:
        for batch in read_facts(path, partial(RecordOpener, access)):
            at = batch.checkpoint.at
            before_bytes = sum(segment.size_bytes for segment in segments if segment.number < at.segment)
            yield batch, min(1.0, (before_bytes + at.offset_bytes) / max(1, total_bytes))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a log's folder that you may read") from error
