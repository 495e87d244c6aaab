"""What commands of many runs share: a bar of their progress, and what they need to draw a plot."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bridge.errors import UsageError

PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_Run = TypeVar("_Run")


@contextmanager
def progress(runs: Sequence[_Run], cost_of: Callable[[_Run], int]) -> Iterator[Callable[[_Run], None]]:
    """A bar on stderr, if that is a terminal; to be called after each run."""
    columns = (
        TextColumn("{task.fields[done]} of {task.fields[runs]} runs"),
        BarColumn(),
        TaskProgressColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("", total=sum(map(cost_of, runs)), done=0, runs=len(runs))
        done = 0

        def on_done(run: _Run) -> None:
            nonlocal done
            done += 1
            bar.update(task, advance=cost_of(run), done=done)

        yield on_done


def plotter(path: Path, module: str) -> ModuleType:
    """The module that draws it, found before hours of work. Raises UsageError."""
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise UsageError(f"{path}: no picture format; end the name in {', '.join(PLOT_SUFFIXES)}")
    try:
        return importlib.import_module(module)
    except ImportError as error:  # matplotlib comes with the desktop extra
        raise UsageError(f"{error}; install it with `pip install treering[desktop]`") from error
