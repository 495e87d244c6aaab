"""The recordings folder: every session is a packet log there, and the oldest go that nobody wants to keep.

The ring is one over whole sessions. A session is one file, whatever its length: replay, index, notes and
Wireshark see one log, and a log without its beginning would lack the keys' and the links' first frames. So
the log that is written may by itself become larger than the ring; the person is told, and nothing of it goes.
"""

from __future__ import annotations

import os
import shutil
import struct
import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from bridge.errors import UsageError
from desktop.keep.notes import Notes, beside, read_notes, write_notes
from desktop.packets.folder import SUFFIX as INDEX_SUFFIX
from desktop.places import NAME
from protocol.capture import EMPTY_BLOCK_BYTES, ENHANCED_PACKET, CaptureReader

LOG_SUFFIX = ".pcapng"
LEAST_FREE_BYTES = 500_000_000  # of the disk: below this the oldest go as well
_DELETED = "Deleted"
_HEAD_PART_BYTES, _HEAD_PARTS, _TAIL_BYTES = 256, 32, 1 << 13  # a packet block of ours has some 100


@dataclass(frozen=True, slots=True)
class Recording:
    """One packet log of the folder; `notes` is None where they cannot be read. The size is with its index."""

    path: Path
    notes: Notes | None
    size_bytes: int
    written_at: datetime  # the last time, local

    @property
    def is_kept(self) -> bool:
        """Whether the ring leaves it alone: a person wants it, or the app has not recorded it."""
        return self.notes is None or self.notes.source is None or self.notes.is_worth_keeping

    def length_s(self) -> float | None:
        """From the first record to the last, as the file tells; None if it does not."""
        try:
            span = span_us(self.path)
        except OSError:
            return None
        return None if span is None or span[1] < span[0] else (span[1] - span[0]) / 1e6


@dataclass(frozen=True, slots=True)
class Trashed:
    """A log that was deleted, and can be brought back: `folder` holds it and all that goes with it."""

    folder: Path
    name: str
    size_bytes: int


class Recordings:
    """Of one folder, which need not be there yet. Methods raise UsageError that names file and remedy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_path(self) -> Path:
        """For a session that begins now."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(_told(self.folder, error, "choose another folder in the settings")) from error
        if not os.access(self.folder, os.W_OK):
            raise UsageError(f"{self.folder}: not writable; choose another folder in the settings")
        return self.folder / f"{NAME}-{datetime.now():%Y-%m-%d-%H%M%S}{LOG_SUFFIX}"

    def found(self) -> list[Recording]:
        """All of them, the newest first."""
        found = []
        for path in self.folder.glob(f"*{LOG_SUFFIX}"):
            with suppress(OSError):  # gone meanwhile
                found.append(_recording(path))
        return sorted(found, key=lambda recording: recording.written_at, reverse=True)

    def free_bytes(self) -> int:
        """What the disk has left; 0 if that cannot be told."""
        folder = next((path for path in (self.folder, *self.folder.parents) if path.is_dir()), None)
        try:
            return shutil.disk_usage(folder or ".").free
        except OSError:
            return 0

    def keep(self, log: Path) -> None:
        """The ring leaves it alone from now on."""
        notes = read_notes(log)
        if not notes.kept:
            span = span_us(log)
            write_notes(log, replace(notes, kept=True), span[0] if span else None)

    def rename(self, log: Path, name: str) -> Path:
        """Another name in the same folder, for good; who names a log keeps it."""
        stem = name.strip().removesuffix(LOG_SUFFIX)
        if not stem or stem.startswith(".") or any(sign in stem for sign in '/\\:*?"<>|\0'):
            raise UsageError(f'{name!r}: no name of a file; choose one without / \\ : * ? " < > |')
        new = log.with_name(stem + LOG_SUFFIX)
        if new == log:
            return log
        if new.exists():
            raise UsageError(f"{new}: exists; choose another name")
        self.keep(log)
        _move(log, new)
        return new

    def trash(self, log: Path) -> Trashed:
        """Take it away, with its notes and its index; `restore` brings it back."""
        size_bytes = _size_bytes(log)
        folder = self.folder / _DELETED / uuid.uuid4().hex
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise UsageError(_told(folder, error, "make the folder writable")) from error
        _move(log, folder / log.name)
        return Trashed(folder, log.name, size_bytes)

    def restore(self, trashed: Trashed) -> Path:
        """Bring it back where it was."""
        log = self.folder / trashed.name
        if log.exists():
            raise UsageError(f"{log}: another log has this name now; rename that one first")
        _move(trashed.folder / trashed.name, log)
        with suppress(OSError):
            trashed.folder.rmdir()
        return log

    def deleted(self) -> list[Trashed]:
        """What can be brought back, the last deleted first."""
        logs = [path for path in (self.folder / _DELETED).glob(f"*/*{LOG_SUFFIX}") if path.is_file()]
        logs.sort(key=lambda path: path.parent.stat().st_mtime, reverse=True)
        return [Trashed(path.parent, path.name, _size_bytes(path)) for path in logs]

    def empty_trash(self) -> None:
        """What was deleted is gone for good."""
        shutil.rmtree(self.folder / _DELETED, ignore_errors=True)

    def make_room(self, limit_bytes: int, open_logs: Collection[Path]) -> list[str]:
        """Remove what is too much, oldest first; the names of what went, for people."""
        found, deleted = self.found(), self.deleted()
        total_bytes = sum(log.size_bytes for log in found if not log.is_kept)
        missing_bytes = max(
            total_bytes + sum(log.size_bytes for log in deleted) - limit_bytes,
            LEAST_FREE_BYTES - self.free_bytes(),
        )
        gone = []
        for trashed in reversed(deleted):
            if missing_bytes > 0:
                shutil.rmtree(trashed.folder, ignore_errors=True)
                missing_bytes -= trashed.size_bytes
                gone.append(f"{trashed.name}, deleted before")
        for recording in superfluous(found, missing_bytes, open_logs):
            with suppress(OSError):  # somebody reads it: the next time
                _remove(recording.path)
                gone.append(recording.path.name)
        return gone


def superfluous(
    recordings: Iterable[Recording], missing_bytes: int, open_logs: Collection[Path]
) -> list[Recording]:
    """Which go, so that there are `missing_bytes` less: the oldest that nobody keeps, or has open."""
    gone: list[Recording] = []
    for recording in sorted(recordings, key=lambda recording: recording.written_at):
        if missing_bytes <= 0:
            break
        if not recording.is_kept and recording.path not in open_logs:
            gone.append(recording)
            missing_bytes -= recording.size_bytes
    return gone


def span_us(log: Path) -> tuple[int, int] | None:
    """The times of its first and its last record, without reading it through; None if that cannot be told.

    Blocks end with their size (draft-ietf-opsawg-pcapng), so the last one is found from the end. Raises
    OSError.
    """
    with log.open("rb") as file:
        first_us = _first_time_us(file)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL_BYTES))
        tail = file.read()
    last_us = _last_time_us(tail)
    return None if first_us is None or last_us is None else (first_us, last_us)


def _first_time_us(file: BinaryIO) -> int | None:
    reader = CaptureReader()
    for _ in range(_HEAD_PARTS):
        if found := reader.feed(file.read(_HEAD_PART_BYTES)):
            return found[0].timestamp_us
    return None


def _last_time_us(tail: bytes) -> int | None:
    """Of logs as the app writes them; a foreign one may count in other units."""
    at = len(tail)
    while at >= EMPTY_BLOCK_BYTES:
        (size_bytes,) = struct.unpack_from("<I", tail, at - 4)
        at -= size_bytes
        if at < 0 or size_bytes < EMPTY_BLOCK_BYTES or tail[at + 4 : at + 8] != struct.pack("<I", size_bytes):
            return None
        kind, _, _, high, low = struct.unpack_from("<5I", tail, at) if size_bytes >= 20 else (0,) * 5
        if kind == ENHANCED_PACKET:
            return int(high) << 32 | int(low)
    return None


def _recording(path: Path) -> Recording:
    try:
        notes = read_notes(path)
    except UsageError:
        notes = None
    return Recording(path, notes, _size_bytes(path), datetime.fromtimestamp(path.stat().st_mtime))


def _companions(log: Path) -> Sequence[Path]:
    """What goes wherever the log goes."""
    # Not Path.exists, which raises for a name that is too long.
    return [path for path in (beside(log), log.with_name(log.name + INDEX_SUFFIX)) if os.path.exists(path)]


def _size_bytes(log: Path) -> int:
    files = [log]
    for path in _companions(log):
        files += [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    size_bytes = 0
    for file in files:
        with suppress(OSError):
            size_bytes += file.stat().st_size
    return size_bytes


def _move(log: Path, new: Path) -> None:
    companions = _companions(log)
    try:
        log.rename(new)
        for path in companions:
            path.rename(new.with_name(new.name + path.name.removeprefix(log.name)))
    except OSError as error:
        raise UsageError(_told(log, error, "close whatever reads it, or make the folder writable")) from error


def _remove(log: Path) -> None:
    """For good. Raises OSError."""
    companions = _companions(log)
    log.unlink()
    for path in companions:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _told(path: Path, error: OSError, remedy: str) -> str:
    return f"{path}: {error.strerror}; {remedy}"
