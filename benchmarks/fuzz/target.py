"""The program that atheris runs: python -m benchmarks.fuzz.target CORPUS [libFuzzer's options]."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["protocol"]):
    from protocol.capture import CaptureError, CaptureReader
    from protocol.framing import Deframer, encode_stream
    from protocol.packets import CRC_BYTES, MAX_FRAME_BYTES, FrameError, crc16, decode, encode


def read_frame(data: bytes) -> None:
    """A frame whose CRC is given, so that its payload is reached; one that was read is written as it was."""
    whole = data + crc16(data).to_bytes(CRC_BYTES, "big")
    try:
        frame = decode(whole)
    except FrameError:
        return
    assert encode(frame) == whole


def read_stream(data: bytes) -> None:
    """A byte stream, and the frames in it."""
    for frame in Deframer().feed(data):
        assert len(frame) <= MAX_FRAME_BYTES
        assert Deframer().feed(encode_stream(frame)) == [frame]


def read_log(data: bytes) -> None:
    """A packet log, whole or damaged."""
    reader = CaptureReader()
    reader.feed(data)
    with contextlib.suppress(CaptureError):
        reader.finish()


READERS: tuple[Callable[[bytes], None], ...] = (read_frame, read_stream, read_log)


def read_one(data: bytes) -> None:
    """The first byte chooses the reader."""
    if data:
        READERS[data[0] % len(READERS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()
