"""Frames on byte streams: COBS and a 0x00 delimiter (PROTOCOL.md section 3)."""

from __future__ import annotations

from collections import Counter

from cobs import cobs

from protocol.packets import MAX_FRAME_BYTES, DropReason

DELIMITER = b"\x00"
COBS_BLOCK_BYTES = 254
MAX_ENCODED_BYTES = MAX_FRAME_BYTES + MAX_FRAME_BYTES // COBS_BLOCK_BYTES + 1


def encode_stream(frame: bytes) -> bytes:
    """`frame` in COBS, ended by 0x00. A sender begins a stream with a DELIMITER of its own."""
    encoded: bytes = cobs.encode(frame)
    return encoded + DELIMITER


class Deframer:
    """Cuts a byte stream into frames, however it is split; what does not decode is counted in `drops`.

    It holds at most one encoded frame, and the cost is linear in the bytes fed.
    """

    def __init__(self) -> None:
        self.drops: Counter[DropReason] = Counter()
        self._run = bytearray()
        self._oversized = False

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, unchecked beyond COBS and length."""
        *ended, rest = data.split(DELIMITER)
        frames = []
        for piece in ended:
            self._extend(piece)
            frame = self._end_run()
            if frame is not None:
                frames.append(frame)
        self._extend(rest)
        return frames

    def _extend(self, piece: bytes) -> None:
        if self._oversized:
            return
        if len(self._run) + len(piece) > MAX_ENCODED_BYTES:
            self.drops[DropReason.OVERSIZED] += 1
            self._oversized = True
            self._run.clear()
        else:
            self._run += piece

    def _end_run(self) -> bytes | None:
        run = bytes(self._run)
        self._run.clear()
        self._oversized = False
        if not run:
            return None
        try:
            frame: bytes = cobs.decode(run)
        except cobs.DecodeError:
            self.drops[DropReason.FRAMING] += 1
            return None
        return frame
