"""`treering export`: readings, results, events and packets of a store or a log as a CSV or Parquet file."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bridge.access import Access, RecordOpener, add_reading_arguments, reading_access_of, unread_text
from bridge.capture_file import read_records
from bridge.csv_file import CsvWriter
from bridge.entries import ActuatorState, Entry, Event, entries_of
from bridge.errors import UsageError
from bridge.flat_rows import COLUMNS, KINDS, PACKETS, Row, packet_row, row_of
from bridge.log.decoder import Decoder
from bridge.options import metrics, node_ids
from bridge.parquet import ParquetWriter
from bridge.progress import progress_bar, read_folder
from bridge.report import log_to_stderr
from bridge.store.scan import Scan, Selection
from protocol.capture import Record
from protocol.observations import Observation, RoundRow
from protocol.packets import HEADER_BYTES, peek_header

HELP = "write readings, results, events or packets of a store or a log to a CSV or Parquet file"
FORMATS = ("csv", "parquet")
PIECE = 5_000  # records or rows between two looks at the bar

_log = logging.getLogger(__name__)

Writer = CsvWriter | ParquetWriter
# Rows, and how far that is, from 0 to 1; None where that is not known.
Piece = tuple[Iterable[Row], float | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering export`."""
    source = parser.add_argument_group("source, one of them")
    source.add_argument(
        "log",
        type=Path,
        nargs="?",
        metavar="LOG",
        help="a packet log (.pcapng), or the folder of a bridge's log",
    )
    source.add_argument("--store", type=Path, metavar="FILE", help="a bridge's store")
    add_reading_arguments(parser)
    what = parser.add_argument_group("what")
    what.add_argument(
        "--what",
        choices=list(COLUMNS),
        default="readings",
        help="(default: readings); minutes and hours are a store's sums of readings, kept longer than those;"
        " packets are a log's",
    )
    what.add_argument(
        "--from", dest="from_us", type=instant, default=0, metavar="TIME", help="2026-11-21T13:00, UTC"
    )
    what.add_argument(
        "--to",
        dest="to_us",
        type=instant,
        default=Selection("").to_us,
        metavar="TIME",
        help="before that time, UTC",
    )
    what.add_argument("--metric", type=metrics, metavar="NAME,...", help="(default: all)")
    what.add_argument("--node", type=node_ids, metavar="ID,...", help="(default: all)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--format", choices=FORMATS, help="(default: by the end of the file's name)")
    parser.add_argument("--overwrite", action="store_true", help="in place of a file of that name")


def run(args: argparse.Namespace) -> int:
    """Write the file. Raises UsageError for a source or a file that cannot be used."""
    log_to_stderr()
    if (args.log is None) == (args.store is None):
        raise UsageError("there is one source: give a packet log, or --store FILE")
    wanted = Selection(
        args.what,
        args.from_us,
        args.to_us,
        args.node,
        None if args.metric is None else frozenset(args.metric),
    )
    make_writer: Callable[[Path, str], Writer] = CsvWriter if _format(args) == "csv" else ParquetWriter
    if args.output.exists() and not args.overwrite:
        raise UsageError(f"{args.output}: exists; name another file, or give --overwrite")
    pieces = (
        _pieces_of_store(args.store, wanted)
        if args.store is not None
        else pieces_of_log(args.log, reading_access_of(args), wanted)
    )
    try:
        rows = _write(make_writer(args.output, wanted.kind), pieces)
    except OSError as error:
        raise UsageError(
            f"{args.output}: {error.strerror or error}; make room, or name another file"
        ) from error
    _log.info("%s: %d %s", args.output, rows, wanted.kind)
    return 0


def instant(text: str) -> int:
    """A parser of times in ISO 8601, without an offset in UTC: microseconds since the epoch."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 2026-11-21T13:00") from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _format(args: argparse.Namespace) -> str:
    if args.format is not None:
        return str(args.format)
    suffix = args.output.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UsageError(
            f"{args.output}: no known end of a name; end it in .csv or .parquet, or give --format"
        )
    return str(suffix)


def _write(writer: Writer, pieces: Iterable[Piece]) -> int:
    """All of them into the file, which is there when it is whole; how many rows."""
    count = 0
    try:
        with progress_bar("rows") as show:
            for rows, done in pieces:
                kept = list(rows)
                writer.write(kept)
                count += len(kept)
                show(done, count)
        writer.close()
    except BaseException:
        writer.discard()
        raise
    return count


# --- sources ---------------------------------------------------------------------------------------------


def _pieces_of_store(path: Path, wanted: Selection) -> Iterator[Piece]:
    if wanted.kind == PACKETS:
        raise UsageError(f"{path}: a store has no packets; name the bridge's packet log instead")
    scan = Scan(path)
    try:
        from_us, to_us = scan.span_us(wanted)
        rows = scan.rows(wanted)
        while piece := list(islice(rows, PIECE)):
            newest_us = piece[-1][0]
            assert isinstance(newest_us, int)
            yield piece, (newest_us - from_us) / max(1, to_us - from_us)
    finally:
        scan.close()


def pieces_of_log(path: Path, access: Access, wanted: Selection) -> Iterator[Piece]:
    """The rows of a packet log, some at a time. Raises UsageError for a log that cannot be read."""
    network = path.stem if access.keys is None else access.keys.name
    if wanted.kind == PACKETS:
        yield from _packets(path, network, wanted)
        return
    if wanted.kind not in KINDS.values():
        raise UsageError(f"{path}: a log has no {wanted.kind}, a bridge's store has; give --store FILE")
    facts = _facts_of_folder(path, access) if path.is_dir() else _facts_of_file(path, access)
    for found, done in facts:
        yield (
            [row_of(network, entry) for fact in found for entry in entries_of(fact) if _takes(wanted, entry)],
            done,
        )


def _takes(wanted: Selection, entry: Entry) -> bool:
    if isinstance(entry, ActuatorState):
        return False  # a store knows no more of them than how they are now
    if KINDS[type(entry)] != wanted.kind or not wanted.spans(entry.timestamp_us):
        return False
    node = None if isinstance(entry, RoundRow) else entry.node
    return wanted.takes(node, None if isinstance(entry, Event) else entry.metric.id)


def _packets(path: Path, network: str, wanted: Selection) -> Iterator[Piece]:
    """As they are on file: sealed ones need no keys, for a header is open."""
    if path.is_dir():
        raise UsageError(f"{path}: a folder; packets are exported of one log, name one of its segments")
    for records, share in _records(path):
        yield (
            [
                packet_row(network, record)
                for record in records
                if wanted.spans(record.timestamp_us) and wanted.takes(_source(record), None)
            ],
            share,
        )


def _source(record: Record) -> int | None:
    return peek_header(record.frame)[1] if len(record.frame) >= HEADER_BYTES else None


def _records(path: Path) -> Iterator[tuple[list[Record], float]]:
    """Some at a time, and how much of the file is read."""
    shares = [0.0]
    records = read_records(path, on_share=shares.append)
    while piece := list(islice(records, PIECE)):
        del shares[:-1]
        yield piece, shares[-1]


def _facts_of_file(path: Path, access: Access) -> Iterator[tuple[list[Observation], float]]:
    opener = RecordOpener(access)
    if access.keys is not None:
        opener.learn(read_records(path))
    decoder = Decoder(opener)
    for records, share in _records(path):
        yield decoder.facts(records), share
    if remark := unread_text(opener, decoder.observer.dropped):
        _log.warning("%s", remark)


def _facts_of_folder(path: Path, access: Access) -> Iterator[tuple[Iterable[Observation], float]]:
    for batch, share in read_folder(path, access):
        yield batch.facts, share
