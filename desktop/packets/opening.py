"""Opens sealed frames of a log anywhere in it, as one who leafs through it needs them."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np

from bridge.access import RecordOpener
from desktop.packets.index import PacketIndex
from protocol.long_counter import LIFE_SHIFT
from protocol.packets import peek_header
from protocol.sealing import LIFE_TYPES, shown_number

_AT_ONCE = 1 << 16
_MAX_LEARNED = 500  # frames at a time: some milliseconds
_MAX_LIVES = 8  # tried for a frame: each costs some microseconds with every key


class FrameOpener:
    """With the keys of `opener`; `lives` of senders are known from elsewhere.

    What has opened a session's records has gone through them in their order and takes none that is old, so it
    cannot go back. This one learns from the log where which life of a sender began (CHALLENGE and RESPONSE
    show it, PROTOCOL.md 10.3), and opens a frame of any place with the lives of about there.
    """

    def __init__(self, opener: RecordOpener, index: PacketIndex, lives: Mapping[int, Sequence[int]]) -> None:
        self._opener = RecordOpener(opener.access)
        self._index = index
        self._known = lives
        self._shown: dict[int, tuple[list[int], list[int]]] = {}  # by source: rows, and the lives shown there
        self._learned = 0  # rows

    @property
    def has_keys(self) -> bool:
        """Whether it can open anything."""
        return self._opener.access.keys is not None

    def learn(self, budget_s: float) -> bool:
        """Go through what the index has got, for about so long; whether all of it is done. Raises OSError."""
        deadline_s = time.monotonic() + budget_s
        while self.has_keys and self._learned < len(self._index):
            self._learn_some()
            if time.monotonic() > deadline_s:
                break
        return not self.has_keys or self._learned >= len(self._index)

    def open(self, row: int, frame: bytes) -> bytes | None:
        """The open frame of a sealed one, None if it cannot be had; what is not sealed needs none."""
        if not self.has_keys or not self._index.is_sealed[row]:
            return None
        return self._opener.look(frame, self._lives(row, peek_header(frame)[1]))

    def _learn_some(self) -> None:
        first, last = self._learned, min(self._learned + _AT_ONCE, len(self._index))
        kinds = np.isin(self._index.kind[first:last], [int(kind) for kind in LIFE_TYPES])
        rows = (first + np.flatnonzero(kinds & self._index.is_sealed[first:last])).tolist()[:_MAX_LEARNED]
        for row, frame in zip(rows, self._index.frames_at(rows), strict=True):
            self._note(row, frame)
        self._learned = rows[-1] + 1 if len(rows) == _MAX_LEARNED else last

    def _note(self, row: int, frame: bytes) -> None:
        if self._opener.look(frame, ()) is not None and (shown := shown_number(frame)) is not None:
            rows, lives = self._shown.setdefault(peek_header(frame)[1], ([], []))
            life = shown >> LIFE_SHIFT
            if not lives or lives[-1] != life:
                rows.append(row)
                lives.append(life)

    def _lives(self, row: int, source: int) -> list[int]:
        """Those that it may have there, the likeliest first."""
        rows, lives = self._shown.get(source, ((), ()))
        at = bisect_right(rows, row)
        around = [*reversed(lives[max(0, at - _MAX_LIVES) : at]), *lives[at : at + _MAX_LIVES]]
        return list(dict.fromkeys([*around, *self._known.get(source, ())]))[:_MAX_LIVES]
