"""The C core's seal and letters: all of a member but its node (PROTOCOL.md sections 10 and 14)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from firmware.native.library import ffi, library
from protocol.aggregate import NO_NODE
from protocol.keys import KEY_BYTES, Keys
from protocol.letters import Status
from protocol.packets import CRC_BYTES, MAX_FRAME_BYTES, TAG_BYTES

NUMBER_BYTES = 7
FOREVER_MS = 0xFFFFFFFF
WORD = 0xFFFFFFFF

Reserve = Callable[[int], bool]
ChangeSetting = Callable[[int, bytes], Status]


class NativeSeal:
    """tr_seal_t, and the keys that its driver keeps for it; without keys its network is open.

    `first` and the limits that `reserve` is told are long counters as one integer: life << 24 | counter.
    """

    def __init__(
        self,
        node_id: int,
        keys: Keys | None,
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
                "is_open": keys is None,
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

    def take_key(self, epoch: int, key: bytes) -> Status:
        """Keep the network key of an epoch to come, as a board does for tr_letters_t."""
        if self.keys is None:
            return Status.UNKNOWN
        if epoch < self.keys.epoch or (epoch == self.keys.epoch and key != self.keys.network):
            return Status.OUT_OF_RANGE
        if epoch > self.keys.epoch:
            self.keys = self.keys.with_next(epoch, key)
        return Status.DONE

    def _copy_key(self, _: Any, which: int, key: Any) -> bool:
        assert self.keys is not None
        found = (self.keys.network, self.keys.next_network, self.keys.node)[which]
        if found is not None:
            ffi.memmove(key, found, len(found))
        return found is not None

    def _advance(self, _: Any) -> None:
        assert self.keys is not None
        self.keys = self.keys.advanced()


class NativeLetters:
    """tr_letters_t; its letters are sealed by `seal`, which has just been made.

    A letter may change `config`, its safe value and hold, as it may change that of the seal.
    """

    def __init__(
        self,
        seal: NativeSeal,
        *,
        controller: int | None,
        has_actuator: bool,
        safe_value: int,
        hold_s: int,
        change_setting: ChangeSetting,
    ) -> None:
        self._lib: Any = library()
        self._seal = seal
        # What C points to must outlive the letters.
        self._change_setting = ffi.callback(
            "enum tr_letter_status(void *, uint8_t, const uint8_t *, uint8_t)",
            lambda _, key, value, length: change_setting(key, bytes(ffi.buffer(value, length))),
        )
        self._take_key = ffi.callback(
            "enum tr_letter_status(void *, uint16_t, const uint8_t *)",
            lambda _, epoch, key: seal.take_key(epoch, bytes(ffi.buffer(key, KEY_BYTES))),
        )
        self.config = ffi.new(
            "tr_letters_config_t *",
            {
                "controller": NO_NODE if controller is None else controller,
                "has_actuator": has_actuator,
                "safe_value": safe_value,
                "hold_s": hold_s,
                "change_setting": self._change_setting,
                "take_key": self._take_key,
            },
        )
        self._letters = ffi.new("tr_letters_t *")
        self._frame = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
        self._lib.tr_letters_init(self._letters, self.config, seal.seal)

    @property
    def value(self) -> int:
        """What the actuator is to have now."""
        return int(self._letters.value)

    @property
    def session(self) -> int:
        """The long counter that letters to the node have to name (14.2)."""
        return int.from_bytes(ffi.buffer(self._letters.session), "big")

    def start(self) -> None:
        """tr_letters_start."""
        self._lib.tr_letters_start(self._letters)

    def receive(self, frame: bytes, now_ms: int) -> int:
        """tr_letters_receive."""
        buffer = ffi.new(f"uint8_t[{len(frame)}]", frame)
        result: int = self._lib.tr_letters_receive(self._letters, buffer, len(frame), now_ms & WORD)
        return result

    def handle_timer(self, now_ms: int) -> None:
        """tr_letters_handle_timer."""
        self._lib.tr_letters_handle_timer(self._letters, now_ms & WORD)

    def frames_to_send(self, now_ms: int) -> list[bytes]:
        """tr_letters_next_frame, until there is none."""
        frames = []
        while length := self._lib.tr_letters_next_frame(self._letters, now_ms & WORD, self._frame):
            frames.append(bytes(ffi.buffer(self._frame, length)))
        return frames

    def wait_ms(self, now_ms: int) -> int | None:
        """tr_letters_wait_ms."""
        wait_ms = self._lib.tr_letters_wait_ms(self._letters, now_ms & WORD)
        return None if wait_ms == FOREVER_MS else wait_ms
