"""From records to facts, and what has to be known to go on in the middle of a log (PROTOCOL.md 18.3)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from bridge.access import Access, RecordOpener
from bridge.log.plain import attributes, dump, load
from protocol.capture import Record
from protocol.observer import Observation, Observer
from protocol.polling_observer import PollingObserver
from protocol.ring_observer import RingObserver
from protocol.sealed_reader import HeardSenders
from protocol.tree_observer import TreeObserver

MakeOpener = Callable[[], RecordOpener]
MAX_STATE_BYTES = 1 << 26  # of thousands of nodes: more is not a state of ours


class StateError(ValueError):
    """A state that cannot be used: of another reader, of another version of the program, or damaged."""


class Decoder:
    """An opener and an observer that go through a log together.

    `records` counts those of the log before the place where they are; the last one's time is `newest_us`.
    """

    def __init__(self, opener: RecordOpener) -> None:
        self.opener = opener
        self.observer = Observer(tells_heard=True)
        self.records = 0
        self.newest_us = 0

    def facts(self, records: Sequence[Record]) -> list[Observation]:
        """What the next records of the log tell."""
        if not records:
            return []
        self.records += len(records)
        self.newest_us = records[-1].timestamp_us
        opened = [opened for record in records if (opened := self.opener.open(record)) is not None]
        return self.observer.observe_all(opened)

    def state(self) -> bytes:
        """All that facts to come depend on, for `restore`; no key."""
        heard = self.opener.heard()
        values = {
            "reader": reader_name(self.opener.access),
            "records": self.records,
            "newest_us": self.newest_us,
            "heard": dump(heard),
            "observer": dump(self.observer),
        }
        return json.dumps(values, separators=(",", ":")).encode()

    def restore(self, state: bytes) -> None:
        """Go on where another decoder stood. Raises StateError, and is then as new."""
        try:
            values = json.loads(state)
            if values["reader"] != reader_name(self.opener.access):
                raise StateError("the state of who read with other keys")
            heard, observer = load(values["heard"]), load(values["observer"])
            records, newest_us = int(values["records"]), int(values["newest_us"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise StateError(str(error)) from error
        if not isinstance(observer, Observer) or not isinstance(heard, HeardSenders | None):
            raise StateError("not the state of an observer")
        check_shape(observer)
        self.opener.recall(heard)
        self.observer = observer
        self.records, self.newest_us = records, newest_us


def packed(state: bytes) -> bytes:
    """As it is kept on disk; what is cut or changed there does not unpack."""
    return zlib.compress(state)


def unpacked(data: bytes) -> bytes:
    """What `packed` was given. Raises StateError."""
    unpacker = zlib.decompressobj()
    try:
        state = unpacker.decompress(data, MAX_STATE_BYTES)
    except zlib.error as error:
        raise StateError(str(error)) from error
    if not unpacker.eof:
        raise StateError("the state is cut short")
    return state


def reader_name(access: Access) -> list[Any]:
    """Whose keys they are: others read other frames."""
    keys = access.keys
    return [] if keys is None else [keys.name, keys.member_id if keys.master is None else None]


_FRESH: dict[type, set[str]] = {type(fresh): set(attributes(fresh)) for fresh in (
    Observer(), TreeObserver({}), RingObserver(), PollingObserver(),
)}  # fmt: skip


def check_shape(observer: Observer) -> None:
    """The state may be of another version of the program. Raises StateError."""
    for part in (observer, *attributes(observer).values()):
        if type(part) in _FRESH and set(attributes(part)) != _FRESH[type(part)]:
            raise StateError(f"{type(part).__name__} is another in this version")
