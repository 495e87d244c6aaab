"""The C core's seal: what opens and closes a member's frames, and proves its counter (PROTOCOL.md section 10)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from firmware.native.library import ffi, library
from protocol.keys import Keys
from protocol.packets import CRC_BYTES, MAX_FRAME_BYTES, TAG_BYTES

NUMBER_BYTES = 7
FOREVER_MS = 0xFFFFFFFF
WORD = 0xFFFFFFFF

Reserve = Callable[[int], bool]


class NativeSeal:
    """tr_seal_t, and the keys that its driver keeps for it.

    `first` and the limits that `reserve` is told are long counters as one integer: life << 24 | counter.
    """

    def __init__(
        self,
        node_id: int,
        keys: Keys,
        *,
        first: int,
        reserve: Reserve,
        seed: int,
        now_ms: int,
        overhears: bool = False,
        gateways: Collection[int] = (),
    ) -> None:
        self.node_id = node_id
        self.keys = keys
        self._lib: Any = library()
        # What C points to must outlive the seal.
        self._read_key = ffi.callback("bool(void *, enum tr_key, uint8_t *)", self._copy_key)
        self._begin_epoch = ffi.callback("void(void *)", self._advance)
        self._reserve = ffi.callback(
            "bool(void *, const uint8_t *)",
            lambda _, limit: reserve(int.from_bytes(ffi.buffer(limit, NUMBER_BYTES), "big")),
        )
        self.config = ffi.new(
            "tr_seal_config_t *",
            {
                "node_id": node_id,
                "overhears": overhears,
                "gateway_count": len(gateways),
                "gateways": sorted(gateways),
                "seed": seed,
                "first": list(first.to_bytes(NUMBER_BYTES, "big")),
                "read_key": self._read_key,
                "begin_epoch": self._begin_epoch,
                "reserve": self._reserve,
            },
        )
        self.seal = ffi.new("tr_seal_t *")
        self._frame = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
        self._lib.tr_seal_init(self.seal, self.config, now_ms & WORD)

    def open(self, frame: bytes, now_ms: int) -> tuple[int, bytes]:
        """tr_seal_open: what it returns, and the open frame if there is one."""
        buffer = ffi.new(f"uint8_t[{max(len(frame), MAX_FRAME_BYTES)}]", frame)
        result: int = self._lib.tr_seal_open(self.seal, buffer, len(frame), now_ms & WORD)
        return result, bytes(ffi.buffer(buffer, max(result, 0)))

    def close(self, frame: bytes) -> bytes:
        """tr_seal_close; nothing if no number could be reserved."""
        buffer = ffi.new(f"uint8_t[{len(frame) - CRC_BYTES + TAG_BYTES}]", frame)
        return bytes(ffi.buffer(buffer, self._lib.tr_seal_close(self.seal, buffer, len(frame))))

    def frames_to_send(self, now_ms: int) -> list[bytes]:
        """tr_seal_next_frame, until there is none."""
        frames = []
        while length := self._lib.tr_seal_next_frame(self.seal, now_ms & WORD, self._frame):
            frames.append(bytes(ffi.buffer(self._frame, length)))
        return frames

    def wait_ms(self, now_ms: int) -> int | None:
        """tr_seal_wait_ms."""
        wait_ms = self._lib.tr_seal_wait_ms(self.seal, now_ms & WORD)
        return None if wait_ms == FOREVER_MS else wait_ms

    def _copy_key(self, _: Any, which: int, key: Any) -> bool:
        found = (self.keys.network, self.keys.next_network, self.keys.node)[which]
        if found is not None:
            ffi.memmove(key, found, len(found))
        return found is not None

    def _advance(self, _: Any) -> None:
        self.keys = self.keys.advanced()
