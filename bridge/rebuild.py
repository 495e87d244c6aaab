"""`treering rebuild`: a store made anew from the log, in place of one that is damaged or lost."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from bridge.access import Access, add_reading_arguments, reading_access_of
from bridge.config import DEFAULT_NAME, read_config
from bridge.errors import TreeringError
from bridge.log.facts import FactBatch, RetryError
from bridge.log.folder import FolderLock
from bridge.progress import progress_bar, read_folder
from bridge.report import log_to_stderr
from bridge.store.salvage import take_over
from bridge.store.settings import StoreSettings
from bridge.store.store import Store

HELP = "make a bridge's store anew from its log"
_PARTS = ("", "-wal", "-shm")  # of a store; the last two while it is open, and after a kill

_NEVER_US = 1 << 62

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering rebuild`."""
    parser.add_argument("log", type=Path, metavar="LOG", help="the folder of the bridge's log")
    parser.add_argument(
        "--store",
        type=Path,
        required=True,
        metavar="FILE",
        help="the store; a file of that name is set aside",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the bridge's: its name, keys, and how long it keeps what"
    )
    parser.add_argument(
        "--name", help=f"the network's, without --config (default: the keys', or {DEFAULT_NAME})"
    )
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Set the old file aside, make the new one, and take over from the old what the log does not hold.

    Raises UsageError, and TreeringError on a full disk.
    """
    log_to_stderr()
    name, access, settings = _told(args)
    batches = read_folder(args.log, access)
    first = next(batches, None)  # before anything is set aside: there is a log, and these keys read it
    lock = FolderLock(args.log)
    try:
        aside = set_aside(args.store)
        store = Store(args.store, name, settings)
        try:
            _fill(store, chain([] if first is None else [first], batches))
        finally:
            store.close()
        _log.info(
            "%s: %d readings, %d results, %d events", args.store, store.readings, store.rounds, store.events
        )
        if aside is not None:
            begins_us = _begin_us(first)
            rows = take_over(aside, args.store, name, begins_us)
            _log.info("the old store is kept as %s; %d rows of before the log are taken over", aside, rows)
    finally:
        lock.release()
    return 0


def _fill(store: Store, batches: Iterable[tuple[FactBatch, float]]) -> None:
    try:
        with progress_bar("readings") as show:
            for batch, share in batches:
                store.take(batch)
                show(share, store.readings)
            store.settle()
    except RetryError as error:
        raise TreeringError(f"{error}; then start again") from error


def _begin_us(first: tuple[FactBatch, float] | None) -> int:
    """When the log begins: what is older, it does not tell."""
    if first is None:
        return _NEVER_US
    batch, _ = first
    return min((fact.timestamp_us for fact in batch.facts), default=batch.newest_us)


def set_aside(path: Path) -> Path | None:
    """Give the store at `path` another name; None if there is none."""
    if not path.exists():
        return None
    for number in count(1):
        aside = path.with_name(f"{path.name}.old-{number}")
        if not aside.exists():
            break
    for part in _PARTS:
        source = path.with_name(path.name + part)
        if source.exists():
            source.rename(aside.with_name(aside.name + part))
    return aside


def _told(args: argparse.Namespace) -> tuple[str, Access, StoreSettings]:
    """Name, access and settings, of the configuration or of the options."""
    if args.config is not None:
        config = read_config(args.config)
        return config.name, config.access, config.store
    access = reading_access_of(args)
    return args.name or (access.keys.name if access.keys else DEFAULT_NAME), access, StoreSettings()
