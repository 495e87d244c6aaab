"""`treering replay`: what a packet log tells, printed as the live bridge printed it."""

from __future__ import annotations

import argparse
import logging

from bridge.access import RecordOpener, add_reading_arguments, reading_access_of, unread_text
from bridge.capture_file import read_records
from bridge.report import Report, log_to_stderr

HELP = "print the rounds of a packet log"

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering replay`."""
    parser.add_argument("file", metavar="FILE", help="a packet log (.pcapng)")
    parser.add_argument("--json", action="store_true", help="one JSON object a round and metric")
    parser.add_argument("--readings", action="store_true", help="print the readings of every node as well")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print it; a log that was cut ends with a warning. Raises UsageError for a file that is no log."""
    log_to_stderr()
    report = Report(as_json=args.json, readings=args.readings)
    opener = RecordOpener(reading_access_of(args))
    if args.keys is not None:
        opener.learn(read_records(args.file))
    for record in read_records(args.file):
        if (opened := opener.open(record)) is not None:
            report.take(opened)
    _log.info("%s", report.summary())
    if remark := unread_text(opener, report.observer.dropped):
        _log.warning("%s", remark)
    return 0
