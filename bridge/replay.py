"""`treering replay`: what a packet log tells, printed as the live bridge printed it."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bridge.access import Access, RecordOpener, add_reading_arguments, reading_access_of, unread_text
from bridge.capture_file import read_records
from bridge.log.cursor import read_log
from bridge.log.decoder import Decoder
from bridge.log.fact_reader import known_before
from bridge.log.folder import LogFolder
from bridge.report import Report, log_to_stderr
from protocol.capture import Record

HELP = "print the rounds of a packet log, or of a bridge's folder of them"

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering replay`."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a packet log (.pcapng), or the folder of a bridge's log"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a round and metric")
    parser.add_argument("--readings", action="store_true", help="print the readings of every node as well")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print it; a log that was cut ends with a warning. Raises UsageError for a file that is no log."""
    log_to_stderr()
    report = Report(as_json=args.json, readings=args.readings)
    opener = RecordOpener(reading_access_of(args))
    if (known := _known(args.file, opener.access)) is not None:
        opener, report.observer = known.opener, known.observer
    if args.keys is not None:
        opener.learn(_records(args.file))
    for record in _records(args.file):
        if (opened := opener.open(record)) is not None:
            report.take(opened)
    _log.info("%s", report.summary())
    if remark := unread_text(opener, report.observer.dropped):
        _log.warning("%s", remark)
    return 0


def _records(path: Path) -> Iterator[Record]:
    return read_log(path) if path.is_dir() else read_records(path)


def _known(path: Path, access: Access) -> Decoder | None:
    """What a bridge knew before the first record of its folder; None of a file, or if that is not there."""
    folder = LogFolder(path)
    oldest = folder.oldest() if path.is_dir() else None
    return None if oldest is None else known_before(folder, oldest, partial(RecordOpener, access))
