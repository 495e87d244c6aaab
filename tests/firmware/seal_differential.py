"""Gives a Python endpoint and the C core's seal and letters the same random life, and compares all they do.

python -m tests.firmware.seal_differential --seed 1 --lives 20 --steps 300

A failure prints the line that replays it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, deque

from firmware.native.library import array_length
from firmware.native.seal import NativeLetters, NativeSeal
from protocol import packets
from protocol.actuator import Actuators
from protocol.endpoint import Endpoint, Places
from protocol.keys import Keys, Membership, network_key, node_key
from protocol.letters import Body, Kind, Status, encode_body
from protocol.long_counter import LongCounter
from protocol.node import ActuatorSet, Event, FrameDropped, KeysChanged, LinkName, Node
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_FRAME_BYTES,
    Ack,
    Boot,
    Challenge,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Help,
    Letter,
    Payload,
    Response,
    Sync,
)
from protocol.proofs import ANSWER_WAIT_MS, INTRODUCTION_MS
from protocol.sealing import SealingKey

MASTER = bytes(range(16))
NODE = 7
PEERS = (0, 1, 2, 3, 8, 0xFFFD)
DESTINATIONS = (NODE, NODE, NODE, BROADCAST, BROADCAST, 1, HOST)
LIVES = (0, 1, 5, 0xFFFFFFFE, 0xFFFFFFFF)
CONTROLLER = 3
GATEWAYS, SAFE_VALUE, HOLD_S = 9, 13, 14  # keys of settings
COUNTERS = (0, 1, 40, 0x7FFFFF, 0xFFFFE0, 0xFFFFFF)


STATUSES = (Status.DONE, Status.DONE, Status.UNKNOWN, Status.OUT_OF_RANGE)


class Inner(Node):
    """Stands for the node inside: keeps what it is given, sends what it is told to."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.outgoing: list[bytes] = []

    def receive(self, frame: bytes, now_ms: int) -> None:
        self.received.append(frame)

    def handle_timer(self, now_ms: int) -> None: ...

    def measure(self, version: int, readings: object, now_ms: int) -> bool:
        return False

    def leave(self, now_ms: int) -> None: ...

    def next_deadline(self) -> int | None:
        return None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        taken, self.outgoing = self.outgoing, []
        return [(LinkName.AIR, frame) for frame in taken]

    def next_event(self) -> Event | None:
        return None


class DifferenceError(Exception):
    """The two did not do the same."""


class Life:
    """One endpoint and one seal. `seen` counts what came of it."""

    def __init__(self, seed: str, seen: Counter[str]) -> None:
        self.rng = rng = random.Random(seed)
        self.seen = seen
        self.now_ms = rng.choice((1, 2**31 - 300, 2**32 - 300, rng.randrange(2**40)))
        self.start_ms = self.now_ms
        keys = Keys.of_master(MASTER, NODE).of_member(NODE)
        if rng.random() < 0.3:
            keys = keys.with_next(1, network_key(MASTER, 1))
        first = rng.choice(LIVES) << 24 | rng.choice(COUNTERS)
        overhears, gateways = rng.random() < 0.3, rng.choice(((), (0,), (0, 3)))
        jitter_seed = rng.randrange(2**32)
        self.reserved: tuple[list[int], list[int]] = ([], [])
        self.inner = Inner()
        self.value = safe_value = rng.randrange(3)
        hold_s = rng.choice((1, 60))
        controller = rng.choice((CONTROLLER, CONTROLLER, CONTROLLER, None))
        self.has_actuator = rng.random() < 0.8
        self.python = Endpoint(
            NODE,
            lambda now_ms: self.inner,
            membership=Membership(keys, frozenset(gateways), controller),
            counter=LongCounter(first, self.reserved[0].append),
            seed=jitter_seed,
            now_ms=self.now_ms,
            overhears=overhears,
            places=Places(
                senders=array_length("tr_seal_t.senders"),
                known_letters=array_length("tr_letters_t.known"),
                letters=array_length("tr_letters_t.passing"),
            ),
            actuators=Actuators([safe_value] * self.has_actuator, hold_s),
            settings=lambda key, value: STATUSES[sum(value) % len(STATUSES)],
        )
        self.core = NativeSeal(
            NODE,
            keys,
            first=first,
            reserve=self._reserve,
            seed=jitter_seed,
            now_ms=self.now_ms,
            overhears=overhears,
            gateways=gateways,
        )
        self.letters = NativeLetters(
            self.core,
            controller=controller,
            has_actuator=self.has_actuator,
            safe_value=safe_value,
            hold_s=hold_s,
            change_setting=self._change_setting,
        )
        self.node_key = SealingKey(node_key(MASTER, NODE))
        self.keys = [SealingKey(network_key(MASTER, epoch)) for epoch in (0, 0, 0, 0, 1, 9)]
        self.numbers = {peer: rng.choice(LIVES) << 24 | rng.choice(COUNTERS) for peer in PEERS}
        self.letter_number = rng.choice(LIVES) << 24 | rng.choice(COUNTERS)
        self.challenges: deque[bytes] = deque(maxlen=6)  # that the node has sent
        self.heard: deque[bytes] = deque(maxlen=40)

    def run(self, steps: int) -> None:
        """Raises DifferenceError."""
        events = {
            self._pass_time: 3,
            self._hear_frame: 6,
            self._hear_proof: 3,
            self._hear_answer: 8,
            self._hear_letter: 8,
            self._hear_noise: 2,
            self._send: 2,
        }
        for _ in range(steps):
            self.rng.choices(list(events), list(events.values()))[0]()

    # --- what happens ---

    def _pass_time(self) -> None:
        wait_ms = self.core.wait_ms(self.now_ms)
        steps = (0, 1, 50, ANSWER_WAIT_MS - 1, ANSWER_WAIT_MS + 1, self.rng.randrange(3_000), wait_ms or 0)
        self.now_ms += self.rng.choice(steps)
        began = self.python.inner is not None
        self.python.handle_timer(self.now_ms)
        if self.python.inner is not None and not began:
            self.letters.start()
        self.letters.handle_timer(self.now_ms)
        self._python_drop()
        self._serve()

    def _number(self, peer: int) -> int:
        """Mostly the next, else one ahead, or behind."""
        rng = self.rng
        number = self.numbers[peer]
        how = rng.random()
        if how < 0.6:
            number += rng.choice((1, 1, 1, 2, 5, 31, 32, 33, 34, 200))
        elif how < 0.8:
            return number - rng.choice((0, 1, 2, 30, 31, 32, 33, 34, 1_000)) & 2**56 - 1
        elif how < 0.9:
            number = rng.choice(
                (number + 2**23 - 1, number + 2**23, rng.choice(LIVES) << 24 | rng.randrange(50))
            )
        number &= 2**56 - 1
        self.numbers[peer] = number
        return number

    def _sealed(self, kind: FrameType, peer: int, to: int, number: int, payload: Payload) -> bytes:
        frame = packets.encode(Frame(kind, peer, to, number & 0xFFFFFF, payload))
        return self.rng.choice(self.keys).seal(frame, number)

    def _hear_frame(self) -> None:
        rng = self.rng
        peer, to = rng.choice(PEERS), rng.choice(DESTINATIONS)
        sync = Sync(rng.randrange(2**16), 0, rng.choice((0, 0, 1, 255)), 5_000)
        kind, payload = rng.choice(
            (
                (FrameType.DISCOVERY, sync),
                (FrameType.HELP_ACK, sync),
                (FrameType.DATA_ACK, Ack(1, sync)),
                (FrameType.HELP_CONFIRM, Ack(1, sync)),
                (FrameType.HELP, Help(1, 2)),
                (FrameType.DEPTH, Depth(1)),
                (FrameType.GOODBYE, Empty()),
                (FrameType.BOOT, Boot(1, 2, 0, 0, 0)),
            )
        )
        self._receive(self._sealed(kind, peer, to, self._number(peer), payload))

    def _hear_proof(self) -> None:
        rng = self.rng
        peer, to = rng.choice(PEERS), rng.choice((NODE, NODE, BROADCAST, 1))
        number = self._number(peer)
        if rng.random() < 0.8:
            self._receive(self._sealed(FrameType.CHALLENGE, peer, to, number, Challenge(number >> 24)))
        else:
            response = Response(number >> 24, rng.choice(LIVES), rng.choice(COUNTERS))
            self._receive(self._sealed(FrameType.RESPONSE, peer, to, number, response))

    def _hear_answer(self) -> None:
        """To a CHALLENGE of the node's: by whom it was asked, or by another."""
        if not self.challenges:
            return
        challenge = self.rng.choice(self.challenges)
        asked = int.from_bytes(challenge[3:5], "big")
        peer = asked if asked in PEERS and self.rng.random() < 0.9 else self.rng.choice(PEERS)
        number = self._number(peer)
        life, counter = int.from_bytes(challenge[8:12], "big"), int.from_bytes(challenge[5:8], "big")
        to = self.rng.choice((NODE, NODE, NODE, BROADCAST))
        self._receive(
            self._sealed(FrameType.RESPONSE, peer, to, number, Response(number >> 24, life, counter))
        )

    def _hear_letter(self) -> None:
        """Mostly the controller's, to the node, of its session."""
        rng = self.rng
        peer = rng.choice(PEERS)
        origin = rng.choice((CONTROLLER, CONTROLLER, CONTROLLER, CONTROLLER, 2, 8, 50, 51, 52, 53, NODE))
        addressee = rng.choice((NODE, NODE, NODE, 1))
        now = self.letters.session
        session = rng.choice((now, now, now, now, now, 0, now + 1))
        body = encode_body(Body(*self._content(session)))
        if rng.random() < 0.05:
            body = body[: rng.randrange(len(body))]
        self.letter_number += rng.choice((1, 1, 1, 1, 1, 1, 0, -1, rng.choice((1, 1 << 24))))
        number = self.letter_number & 2**56 - 1
        key = self.node_key if rng.random() < 0.9 else self.keys[0]
        sealed = key.seal_letter(origin, addressee, number, body) if rng.random() < 0.95 else body or b"?"
        letter = Letter(rng.choice((0, 1, 15)), origin, addressee, number >> 24, number & 0xFFFFFF, sealed)
        self._receive(self._sealed(FrameType.LETTER, peer, BROADCAST, self._number(peer), letter))

    def _content(self, session: int) -> tuple[int, int, bytes]:
        rng = self.rng
        kind = rng.choice((Kind.COMMAND, Kind.COMMAND, Kind.SETTING, Kind.REKEY, Kind.ANSWER, Kind.STATE, 77))
        content = rng.randbytes(rng.randrange(6))
        if kind is Kind.COMMAND and rng.random() < 0.9:
            content = bytes([rng.choice((0, 0, 0, 1)), rng.randrange(256), 0, rng.choice((0, 1, 2, 200))])
        elif kind is Kind.SETTING and rng.random() < 0.9:
            length = rng.choice((0, 1, 1, 2, 2, 3, 4, 32, 34))
            key = rng.choice((2, 5, 9, 10, 12, SAFE_VALUE, HOLD_S, 15, 17, 0, 200))
            content = bytes([key]) + rng.randbytes(length)
        elif kind is Kind.REKEY and rng.random() < 0.9:
            epoch = rng.choice((0, 0, 1, 1, 2, 0x1FF))
            content = epoch.to_bytes(2, "big") + rng.choice((network_key(MASTER, epoch), rng.randbytes(16)))
        return kind, session & 2**56 - 1, content

    def _hear_noise(self) -> None:
        """A frame again, changed, cut short, or none at all."""
        rng = self.rng
        frame = bytearray(rng.choice(self.heard) if self.heard else rng.randbytes(27))
        how = rng.random()
        if how < 0.5:
            at = rng.randrange(8 * len(frame)) if frame else 0
            frame[at // 8 : at // 8 + 1] = bytes([frame[at // 8] ^ 1 << at % 8]) if frame else b""
        elif how < 0.7:
            del frame[rng.randrange(len(frame) + 1) :]
        elif how < 0.8:
            frame += rng.randbytes(rng.randrange(MAX_FRAME_BYTES))
        self._receive(bytes(frame))

    def _send(self) -> None:
        """The node inside sends something."""
        kind, to, payload = self.rng.choice(
            (
                (FrameType.HELP, BROADCAST, Help(3, 4)),
                (FrameType.DEPTH, 1, Depth(3)),
                (FrameType.BOOT, HOST, Boot(1, 2, 3, 4, 5)),
            )
        )
        if self.python.inner is not None:
            self.inner.outgoing.append(packets.encode(Frame(kind, NODE, to, 77, payload)))
        self._serve()

    # --- what the two make of it ---

    def _reserve(self, limit: int) -> bool:
        self.reserved[1].append(limit)
        return True

    def _receive(self, frame: bytes) -> None:
        self.heard.append(frame)
        self.python.receive(frame, self.now_ms)
        result, opened = self.core.open(frame, self.now_ms)
        reason = DropReason(-result) if result < 0 else None
        if result > 0 and opened[0] == FrameType.LETTER:
            result = self.letters.receive(opened, self.now_ms)
            reason, opened = DropReason(-result) if result < 0 else None, b""
            self.seen[f"letters: {reason.name if reason else 'taken'}"] += 1
        elif result > 0:
            reason = self._of_the_node_inside(opened)
        given = self.inner.received.pop() if self.inner.received else b""
        self._compare(f"dropped, of {frame.hex()}", self._python_drop(), reason)
        self._compare("given to the node", given, b"" if reason else opened)
        self._compare("keys", self.python.keys, self.core.keys)
        self.seen[reason.name if reason else "accepted" if result else "no answer"] += 1
        self._serve()

    def _of_the_node_inside(self, opened: bytes) -> DropReason | None:
        """Why the node would drop the frame, which the endpoint finds for it."""
        try:
            packets.decode(opened)
        except FrameError as error:
            return error.reason
        return DropReason.STATE if self.python.inner is None else None

    def _python_drop(self) -> DropReason | None:
        reason = None
        while (event := self.python.next_event()) is not None:
            if isinstance(event, FrameDropped):
                assert reason is None
                reason = event.reason
            self.seen["key changes"] += isinstance(event, KeysChanged)
            if isinstance(event, ActuatorSet):
                self.value = event.value
        return reason

    def _serve(self) -> None:
        outgoing = list(self.inner.outgoing)
        self._compare("wait", self._python_wait_ms(), self._core_wait_ms())
        self._compare("actuator", self.value if self.has_actuator else None, self._core_value())
        by_python = [frame for _, frame in self.python.frames_to_send(self.now_ms)]
        by_core = self.core.frames_to_send(self.now_ms) + self.letters.frames_to_send(self.now_ms)
        by_core += [self.core.close(frame) for frame in outgoing]
        self._compare("sent", [f.hex() for f in by_python], [f.hex() for f in by_core])
        self._compare("reserved", *self.reserved)
        for frame in by_core:
            kind = FrameType(frame[0] & 0x1F)
            self.seen[kind.name] += 1
            if kind is FrameType.CHALLENGE:
                self.challenges.append(frame)

    def _python_wait_ms(self) -> int | None:
        deadline_ms = self.python.next_deadline()
        if self.python.inner is None:
            # The introduction's end is the driver's business in C.
            end_ms = self.start_ms + INTRODUCTION_MS
            assert deadline_ms is not None
            if deadline_ms == end_ms:
                return self._core_wait_ms()
        return None if deadline_ms is None else max(0, deadline_ms - self.now_ms)

    def _core_wait_ms(self) -> int | None:
        waits_ms = (self.core.wait_ms(self.now_ms), self.letters.wait_ms(self.now_ms))
        return min((wait_ms for wait_ms in waits_ms if wait_ms is not None), default=None)

    def _core_value(self) -> int | None:
        return self.letters.value if self.has_actuator else None

    def _change_setting(self, key: int, value: bytes) -> Status:
        """As a board does, whose memory keeps what the endpoint's does."""
        status = STATUSES[sum(value) % len(STATUSES)]
        if status is Status.DONE:
            if key == SAFE_VALUE:
                self.letters.config.safe_value = value[0]
            elif key == HOLD_S:
                self.letters.config.hold_s = int.from_bytes(value, "big")
            elif key == GATEWAYS:
                self.core.config.gateway_count = len(value) // 2
                for place, at in enumerate(range(0, len(value), 2)):
                    self.core.config.gateways[place] = int.from_bytes(value[at : at + 2], "big")
        return status

    def _compare(self, what: str, by_python: object, by_core: object) -> None:
        if by_python != by_core:
            raise DifferenceError(f"{what}: Python {by_python!r}, C {by_core!r}")


def run_lives(seed: int, lives: int, steps: int) -> Counter[str]:
    """What came of them. Raises DifferenceError, with the line that replays it."""
    seen: Counter[str] = Counter()
    for life in range(lives):
        try:
            Life(f"{seed}/{life}", seen).run(steps)
        except DifferenceError as difference:
            replay = f"python -m tests.firmware.seal_differential --seed {seed} --life {life} --steps {steps}"
            raise DifferenceError(f"{difference}\n  replay: {replay}") from None
    return seen


def main(arguments: list[str]) -> int:
    """0 if there was no difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", type=int, default=20)
    parser.add_argument("--life", type=int, help="that one alone")
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args(arguments)
    try:
        if args.life is not None:
            seen: Counter[str] = Counter()
            Life(f"{args.seed}/{args.life}", seen).run(args.steps)
        else:
            seen = run_lives(args.seed, args.lives, args.steps)
    except DifferenceError as difference:
        print(difference, file=sys.stderr)
        return 1
    print(dict(seen.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
