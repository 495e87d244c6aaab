"""Frames that nobody may accept, thrown at a member: each must be dropped, and counted for its reason.

The attacker has recorded all that the member heard, holds the keys of a captured sensor and of another
network, and knows every node. Between its frames members speak, and must be heard.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from protocol.actuator import Actuators
from protocol.endpoint import Endpoint, Places
from protocol.keys import Keys, Membership, network_key, node_key
from protocol.letters import Body, HeardLetters, Kind, encode_body
from protocol.long_counter import LongCounter
from protocol.node import Event, FrameDropped, LinkName, SenderProven
from protocol.packets import (
    BROADCAST,
    Boot,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Hello,
    Help,
    Letter,
    Payload,
    Response,
    Sync,
    encode,
)
from protocol.proofs import INTRODUCTION_MS
from protocol.sealing import SealingKey

FRAMES_A_SEED = 10_000
SHOWN = 10
MASTER = bytes(range(16))
VICTIM, ROOT, CONTROLLER, CAPTURED = 7, 0, 1, 6
MEMBERS = (ROOT, CONTROLLER, 2, 3, CAPTURED)
UNKNOWN = 40
NETWORK, FOREIGN = SealingKey(network_key(MASTER, 0)), SealingKey(network_key(bytes(16), 0))
OWN_KEY = SealingKey(node_key(MASTER, CAPTURED))
VICTIMS_FIRST = 0x7777 << 24
R = DropReason
# A changed bit may make of a frame anything but one that is accepted.
CHANGED = {R.TAG, R.REPLAYED, R.UNPROVEN, R.WIRE_VERSION, R.OPEN, R.OWN_ID, R.MALFORMED, R.TRUNCATED, R.ROLE}
Attack = tuple[bytes, set[DropReason]]


class Sink:
    """The victim's machine: what it is given counts."""

    def __init__(self) -> None:
        self.given = 0

    def receive(self, frame: bytes, now_ms: int) -> None:
        self.given += 1

    def handle_timer(self, now_ms: int) -> None: ...

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        return False

    def leave(self, now_ms: int) -> None: ...

    def next_deadline(self) -> int | None:
        return None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        return []

    def next_event(self) -> Event | None:
        return None


class Siege:
    """A member that overhears, its neighbours, and who attacks them."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now_ms = 0
        self.sink = Sink()
        self.events: list[Event] = []
        self.numbers = {member: self.rng.getrandbits(32) << 24 | 1_000 for member in MEMBERS}
        self.old = [self.genuine(member) for member in MEMBERS for _ in range(50)]
        self.recorded = list(self.old)
        # Members have lost their counters since: what was recorded is of lives gone by.
        self.numbers = {member: self.rng.getrandbits(32) << 24 for member in MEMBERS}
        membership = Membership(
            Keys.of_master(MASTER, VICTIM).of_member(VICTIM), frozenset({ROOT}), CONTROLLER
        )
        self.endpoint = Endpoint(
            VICTIM,
            lambda now_ms: self.sink,
            membership=membership,
            counter=LongCounter(VICTIMS_FIRST),
            seed=seed,
            now_ms=0,
            overhears=True,
            actuators=Actuators([0]),
        )
        self._pass(INTRODUCTION_MS + 100)
        for member in MEMBERS:
            self._prove(member)
        # What the victim remembers of letters: one of the same CRC is left alone, as a copy is.
        self.heard = HeardLetters(Places().known_letters)
        self.is_copy = False
        self.attacks: list[Callable[[], Attack]] = [
            *(self._tampered, self._replayed, self._readdressed, self._ahead, self._cut, self._extended),
            *(self._foreign, self._unknown, self._open, self._response, self._retyped),
            *(self._false_root, self._false_gateway, self._sensors_letter, self._forged_letter),
            *(self._old_session, self._own_echo),
        ]

    # --- members -----------------------------------------------------------------------------------------

    def made(self, frame_type: FrameType, source: int, to: int, payload: Payload) -> bytes:
        """A frame as that member makes it now."""
        self.numbers[source] += 1
        return self._with_number(frame_type, source, to, payload, self.numbers[source], NETWORK)

    def genuine(self, member: int) -> bytes:
        """A frame that is to be accepted, if it comes first and unchanged."""
        kinds: list[tuple[FrameType, Payload]] = [
            (FrameType.HELLO, Hello(1, 2, self.rng.randrange(1 << 16))),
            (FrameType.HELP, Help(self.rng.randrange(1 << 16), 255)),
            (FrameType.DISCOVERY, Sync(self.rng.randrange(1 << 16), 0, 1, 5_000)),
            (FrameType.GOODBYE, Empty()),
        ]
        return self.made(*self._addressed(*self.rng.choice(kinds), member))

    def _addressed(
        self, frame_type: FrameType, payload: Payload, source: int
    ) -> tuple[FrameType, int, int, Payload]:
        return frame_type, source, self.rng.choice([VICTIM, BROADCAST, BROADCAST, 3]), payload

    @staticmethod
    def _with_number(
        frame_type: FrameType, source: int, to: int, payload: Payload, number: int, key: SealingKey
    ) -> bytes:
        return key.seal(encode(Frame(frame_type, source, to, number & 0xFFFFFF, payload)), number)

    def _prove(self, member: int) -> None:
        self.hear(self.made(FrameType.GOODBYE, member, VICTIM, Empty()))
        (challenge,) = (frame for _, frame in self.endpoint.frames_to_send(self.now_ms))
        asked = VICTIMS_FIRST >> 24, int.from_bytes(challenge[5:8], "big")
        number = self.numbers[member] + 1
        self.hear(self.made(FrameType.RESPONSE, member, VICTIM, Response(number >> 24, *asked)))
        if SenderProven(member) not in self.events:
            raise AssertionError(f"{member} is not proven")
        self.events.clear()

    def hear(self, frame: bytes) -> list[Event]:
        """What happens when the victim hears it."""
        self.endpoint.receive(frame, self.now_ms)
        happened = []
        while (event := self.endpoint.next_event()) is not None:
            happened.append(event)
        self.events += happened
        return happened

    def _pass(self, ms: int) -> None:
        self.now_ms += ms
        self.endpoint.handle_timer(self.now_ms)
        self.endpoint.frames_to_send(self.now_ms)
        while self.endpoint.next_event() is not None:
            pass

    # --- attacks -----------------------------------------------------------------------------------------

    def _tampered(self) -> Attack:
        frame = bytearray(self.genuine(self.rng.choice(MEMBERS)))
        for bit in self.rng.sample(range(8 * len(frame)), self.rng.randrange(1, 4)):
            frame[bit // 8] ^= 1 << bit % 8
        return bytes(frame), CHANGED

    def _replayed(self) -> Attack:
        frame = self.rng.choice(self.recorded)
        return frame, {R.REPLAYED, R.TAG}

    def _readdressed(self) -> Attack:
        frame = self.genuine(self.rng.choice(MEMBERS))
        if self.rng.random() < 0.5:
            to = VICTIM if frame[3:5] != VICTIM.to_bytes(2, "big") else BROADCAST
            return frame[:3] + to.to_bytes(2, "big") + frame[5:], {R.TAG}
        other = self.rng.choice([member for member in MEMBERS if member != int.from_bytes(frame[1:3], "big")])
        return frame[:1] + other.to_bytes(2, "big") + frame[3:], {R.TAG, R.REPLAYED}

    def _ahead(self) -> Attack:
        """A recorded frame with a counter to come."""
        frame = self.rng.choice(self.recorded)
        source = int.from_bytes(frame[1:3], "big")
        counter = (self.numbers[source] + self.rng.randrange(1, 1_000)) & 0xFFFFFF
        return frame[:5] + counter.to_bytes(3, "big") + frame[8:], {R.TAG}

    def _cut(self) -> Attack:
        frame = self.genuine(self.rng.choice(MEMBERS))
        return frame[: self.rng.randrange(len(frame))], {R.TRUNCATED, R.TAG}

    def _extended(self) -> Attack:
        frame = self.genuine(self.rng.choice(MEMBERS))
        return frame + self.rng.randbytes(self.rng.randrange(1, 120)), {R.TAG, R.OVERSIZED}

    def _foreign(self) -> Attack:
        """A frame of another network, by a source and a counter of this one."""
        member = self.rng.choice(MEMBERS)
        self.numbers[member] += 1
        frame = Siege._with_number(
            FrameType.HELP, member, BROADCAST, Help(1, 255), self.numbers[member], FOREIGN
        )
        return frame, {R.TAG}

    def _unknown(self) -> Attack:
        """Right but for its source, which is proven to nobody: a frame of a life gone by looks so."""
        number = self.rng.getrandbits(56)
        source = UNKNOWN + self.rng.randrange(100)
        return self._with_number(FrameType.HELP, source, VICTIM, Help(1, 255), number, NETWORK), {R.UNPROVEN}

    def _open(self) -> Attack:
        counter = self.rng.randrange(1 << 24)
        return encode(Frame(FrameType.HELP, self.rng.choice(MEMBERS), VICTIM, counter, Help(1, 255))), {
            R.OPEN
        }

    def _response(self) -> Attack:
        """An answer to nothing that was asked, by the captured sensor, or of a source that is not proven."""
        asked = Response(0, VICTIMS_FIRST >> 24, self.rng.randrange(1 << 24))
        if self.rng.random() < 0.5:
            number = self.rng.getrandbits(56)
            response = Response(number >> 24, asked.challenged_life, asked.challenged_counter)
            source = UNKNOWN + self.rng.randrange(100)
            return self._with_number(FrameType.RESPONSE, source, VICTIM, response, number, NETWORK), {
                R.UNPROVEN
            }
        response = Response(
            (self.numbers[CAPTURED] + 1) >> 24, asked.challenged_life, asked.challenged_counter
        )
        return self.made(FrameType.RESPONSE, CAPTURED, VICTIM, response), {R.UNPROVEN}

    def _retyped(self) -> Attack:
        frame = self.genuine(self.rng.choice(MEMBERS))
        first = (frame[0] & 0xE0) | self.rng.choice([t for t in range(32) if t != frame[0] & 0x1F])
        return bytes([first]) + frame[1:], {R.TAG, R.ROLE, R.TRUNCATED, R.UNPROVEN}

    def _false_root(self) -> Attack:
        frame_type = self.rng.choice([FrameType.DISCOVERY, FrameType.DISC_ACK_ACK, FrameType.HELP_ACK])
        return self.made(frame_type, CAPTURED, VICTIM, Sync(9, 0, 0, 5_000)), {R.ROLE}

    def _false_gateway(self) -> Attack:
        """What is for the host, for the victim, as the captured sensor can seal it."""
        self.numbers[CAPTURED] += 1
        boot = Boot(1, 2, 1, 0, 0)
        number = self.numbers[CAPTURED]
        key, reason = self.rng.choice([(OWN_KEY, R.TAG), (NETWORK, R.ROLE)])
        return self._with_number(FrameType.BOOT, CAPTURED, VICTIM, boot, number, key), {reason}

    def _letter(self, origin: int, key: SealingKey, session: int) -> bytes:
        number = self.rng.getrandbits(56)
        clear = encode_body(Body(Kind.COMMAND, session, bytes([0, 255, 0, 0])))
        body = key.seal_letter(origin, VICTIM, number, clear)
        letter = Letter(15, origin, VICTIM, number >> 24, number & 0xFFFFFF, body)
        self.is_copy = not self.heard.is_news(letter)
        return self.made(FrameType.LETTER, CAPTURED, BROADCAST, letter)

    def _sensors_letter(self) -> Attack:
        return self._letter(CAPTURED, OWN_KEY, VICTIMS_FIRST), {R.ROLE}

    def _forged_letter(self) -> Attack:
        return self._letter(CONTROLLER, self.rng.choice([OWN_KEY, NETWORK]), VICTIMS_FIRST), {R.TAG}

    def _old_session(self) -> Attack:
        """A letter that the controller wrote, to an earlier start of the victim."""
        key = SealingKey(node_key(MASTER, VICTIM))
        return self._letter(CONTROLLER, key, VICTIMS_FIRST - self.rng.randrange(1, 1 << 20)), {R.SESSION}

    def _own_echo(self) -> Attack:
        number = self.rng.getrandbits(56)
        return self._with_number(FrameType.HELP, VICTIM, BROADCAST, Help(1, 255), number, NETWORK), {R.OWN_ID}

    # --- the siege ---------------------------------------------------------------------------------------

    def step(self) -> tuple[str, DropReason | None]:
        """One attack: its name, and why it was dropped. Raises AssertionError if it was not, or wrongly."""
        if self.rng.random() < 0.05:
            self._speak()
        self._pass(self.rng.randrange(3))
        attack = self.rng.choice(self.attacks)
        name = attack.__name__.strip("_")
        self.is_copy = False
        frame, expected = attack()
        given = self.sink.given
        happened = self.hear(frame)
        if self.sink.given != given:
            raise AssertionError(f"{name} was accepted: {frame.hex()}")
        reasons = [event.reason for event in happened if isinstance(event, FrameDropped)]
        if len(reasons) != len(happened):
            raise AssertionError(f"{name} had an effect, {happened}: {frame.hex()}")
        if not reasons and (self.is_copy or _is_left_alone(frame, name)):
            return name, None
        if len(reasons) != 1 or reasons[0] not in expected:
            raise AssertionError(f"{name} was dropped for {reasons}: {frame.hex()}")
        return name, reasons[0]

    def _speak(self) -> None:
        """A member is heard, whatever was done."""
        frame = self.genuine(self.rng.choice(MEMBERS))
        given = self.sink.given
        self.hear(frame)
        if self.sink.given != given + 1:
            raise AssertionError(f"a member's frame was not accepted: {frame.hex()}")
        self.recorded.append(frame)


def _is_left_alone(frame: bytes, name: str) -> bool:
    """Whether it is, by its header, for somebody else, and of no interest to this one."""
    return name in ("tampered", "retyped", "replayed", "cut", "extended") and frame[3:5] != VICTIM.to_bytes(
        2, "big"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--frames", type=int, default=1_000_000, help="at least (default: 1000000)")
    parser.add_argument("--from-seed", type=int, default=1, help="the first seed (default: 1)")


def main(args: argparse.Namespace) -> int:
    """0 if every frame was dropped for a reason that fits."""
    seeds = range(args.from_seed, args.from_seed - (-args.frames // FRAMES_A_SEED))
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for found, failure in on_all_cores(besieged, seeds, "sieges"):
        counts.update(found)
        failures += [failure] if failure else []
    for attack in sorted({attack for attack, _ in counts}):
        reasons = {reason: count for (name, reason), count in sorted(counts.items()) if name == attack}
        print(f"{attack:15}", "  ".join(f"{reason} {count}" for reason, count in reasons.items()))
    for failure in failures[:SHOWN]:
        print(failure)
    frames = sum(counts.values())
    claim = Claim("accepted, or not counted for its reason", str(len(failures)), not failures)
    return report(f"{frames} frames of seeds {seeds[0]} to {seeds[-1]}", [claim])


def besieged(seed: int, frames: int = FRAMES_A_SEED) -> tuple[Counter[tuple[str, str]], str]:
    """How often each attack was dropped for each reason, and the first failure."""
    siege = Siege(seed)
    counts: Counter[tuple[str, str]] = Counter()
    for place in range(frames):
        try:
            name, reason = siege.step()
        except AssertionError as error:
            return counts, f"seed {seed}, frame {place}: {error}"
        counts[name, reason.label if reason else "not for it"] += 1
    return counts, ""
