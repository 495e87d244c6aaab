"""Letters reach whom they are for, are obeyed once, and by their controller's word only (PROTOCOL.md 14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocol.actuator import Actuators
from protocol.endpoint import Places
from protocol.keys import network_key, node_key
from protocol.letters import (
    Answer,
    Body,
    Cause,
    HeardLetters,
    Kind,
    StateUpdate,
    Status,
    decode_answer,
    encode_answer,
    encode_body,
    encode_update,
)
from protocol.node import (
    ActuatorSet,
    FrameDropped,
    KeysChanged,
    LetterAnswered,
    LetterUnanswered,
    StateTold,
)
from protocol.packets import BROADCAST, DropReason, Frame, FrameType, Letter, decode, encode, peek_header
from protocol.proofs import INTRODUCTION_MS
from protocol.sealing import SealingKey
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, membership, tree_member

VALVE = 7


def field(*, is_open: bool = False, settings: Callable[[int, bytes], Status] | None = None) -> Party:
    """A line: controller - 5 - root - 6 - the valve's node; each hears its neighbours in it."""
    line = [CONTROLLER, 5, ROOT, 6, VALVE]
    party = Party(
        *(
            tree_member(
                node_id,
                is_open=is_open,
                actuators=Actuators([0]) if node_id == VALVE else None,
                settings=settings if node_id == VALVE else None,
            )
            for node_id in line
        )
    )
    party.hears = lambda sender, listener: abs(line.index(sender) - line.index(listener)) == 1
    party.run(3_000)
    party.events.clear()
    return party


def letters(party: Party, node_id: int) -> int:
    """How many that node has sent to somebody, or passed on."""
    return sum(letter.origin != letter.addressee for letter in sent_letters(party, node_id))


def sent_letters(party: Party, node_id: int) -> list[Letter]:
    frames = [f for sender, f in party.log if sender == node_id and f[0] & 0x1F == FrameType.LETTER]
    network = SealingKey(network_key(MASTER, 0))
    opened = [
        network.open(f, 0x1000 + node_id << 24 | peek_header(f)[3]) if f[0] & 0x80 else f for f in frames
    ]
    payloads = [decode(f).payload for f in opened if f is not None]
    return [payload for payload in payloads if isinstance(payload, Letter)]


def ask(party: Party, value: int, hold_s: int = 0, addressee: int = VALVE) -> None:
    party.endpoints[CONTROLLER].command(addressee, 0, value, hold_s, party.now_ms)


@pytest.mark.parametrize("is_open", [False, True])
def test_a_command_reaches_a_far_valve_and_its_answer_comes_back(is_open: bool) -> None:
    party = field(is_open=is_open)
    ask(party, 200)
    party.run(6_000)
    assert party.take(VALVE, ActuatorSet) == [ActuatorSet(0, 200, Cause.COMMANDED)]
    assert party.take(CONTROLLER, LetterAnswered) == [
        LetterAnswered(VALVE, Kind.COMMAND, Status.DONE, (0, 200))
    ]
    # The first letter asked for the session, the second was obeyed.
    assert letters(party, CONTROLLER) == 2
    ask(party, 100)
    party.run(9_000)
    assert letters(party, CONTROLLER) == 3
    assert len(party.take(CONTROLLER, LetterAnswered)) == 1


def test_the_valve_goes_to_its_safe_value_when_nobody_renews_the_command() -> None:
    party = field()
    ask(party, 200, hold_s=10)
    party.run(9_000)
    party.events.clear()
    party.run(20_000)
    assert party.take(VALVE, ActuatorSet) == [ActuatorSet(0, 0, Cause.SILENCE)]
    assert party.take(CONTROLLER, StateTold) == [StateTold(VALVE, 0, 0, Cause.SILENCE)]


def updates(party: Party, node_id: int) -> list[StateTold]:
    return [event for event in party.take(node_id, StateTold) if event.node == VALVE]


@pytest.mark.parametrize("is_open", [False, True])
def test_all_nodes_are_told_what_the_valve_does(is_open: bool) -> None:
    party = field(is_open=is_open)
    party.run(4_000)
    ask(party, 200, hold_s=10)
    party.run(9_000)
    for node_id in (5, ROOT, 6, VALVE):
        assert updates(party, node_id)[-1] == StateTold(VALVE, 0, 200, Cause.COMMANDED)
    party.run(20_000)
    for node_id in (5, ROOT, 6, VALVE):
        assert updates(party, node_id) == [StateTold(VALVE, 0, 0, Cause.SILENCE)]


def test_all_nodes_are_told_that_the_valve_does_not_answer() -> None:
    party = field()
    party.run(4_000)
    party.events.clear()
    del party.endpoints[VALVE]
    ask(party, 200)
    party.run(20_000)
    for node_id in (5, ROOT, 6):
        assert updates(party, node_id) == [StateTold(VALVE, 0, 200, Cause.FAILED)]


def test_a_valve_that_has_not_moved_says_so() -> None:
    party = field()
    party.run(4_000)
    party.events.clear()
    party.endpoints[VALVE].tell_failed(0, party.now_ms)
    party.run(5_000)
    assert updates(party, CONTROLLER) == [StateTold(VALVE, 0, 0, Cause.FAILED)]
    assert updates(party, 5) == [StateTold(VALVE, 0, 0, Cause.FAILED)]


def test_only_the_controller_tells_all() -> None:
    party = field(is_open=True)
    party.run(4_000)
    party.events.clear()
    lie = encode_update(StateUpdate(VALVE, 0, 9, Cause.COMMANDED))
    letter = Letter(15, 5, 5, 0, 1, lie)
    party.inject(encode(Frame(FrameType.LETTER, 5, BROADCAST, 0xFFFF, letter)), [ROOT])
    party.run(5_000)
    assert updates(party, ROOT) == []


def test_an_update_that_comes_late_is_no_news() -> None:
    party = field(is_open=True)
    party.run(4_000)
    party.events.clear()
    for counter, value in ((900, 2), (899, 1)):
        update = encode_update(StateUpdate(VALVE, 0, value, Cause.COMMANDED))
        letter = Letter(15, CONTROLLER, CONTROLLER, 0x1000 + CONTROLLER, counter, update)
        party.inject(encode(Frame(FrameType.LETTER, 5, BROADCAST, counter, letter)), [ROOT])
    assert [event.value for event in updates(party, ROOT)] == [2]


def test_a_renewed_command_holds_on() -> None:
    party = field()
    for _ in range(4):
        ask(party, 200, hold_s=10)
        party.run(party.now_ms + 8_000)
    assert {event.value for event in party.take(VALVE, ActuatorSet)} == {200}


def test_a_start_is_told() -> None:
    party = Party(tree_member(CONTROLLER), tree_member(VALVE, actuators=Actuators([3])))
    party.run(INTRODUCTION_MS + 1_000)
    assert party.take(VALVE, ActuatorSet) == [ActuatorSet(0, 3, Cause.START)]
    assert party.take(CONTROLLER, StateTold) == [StateTold(VALVE, 0, 3, Cause.START)]


def test_a_letter_is_repeated_and_given_up() -> None:
    party = field()
    ask(party, 1, addressee=99)
    party.run(30_000)
    assert letters(party, CONTROLLER) == 5
    assert party.take(CONTROLLER, LetterUnanswered) == [LetterUnanswered(99, Kind.COMMAND)]


def test_a_node_without_an_actuator_says_so() -> None:
    party = field()
    ask(party, 1, addressee=6)
    party.run(8_000)
    (answer,) = party.take(CONTROLLER, LetterAnswered)
    assert (answer.status, answer.state) == (Status.NOT_THIS_ROLE, None)


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        (14, b"\0\x05", Status.DONE),
        (14, b"\x05", Status.OUT_OF_RANGE),
        (15, b"\0\0\0\0", Status.OUT_OF_RANGE),
        (5, bytes(16), Status.UNKNOWN),
        (1, b"\0\1", Status.UNKNOWN),
    ],
)
def test_settings_are_kept_by_whoever_keeps_them(key: int, value: bytes, status: Status) -> None:
    kept: list[tuple[int, bytes]] = []

    def keep(key: int, value: bytes) -> Status:
        if not any(value):
            return Status.OUT_OF_RANGE
        kept.append((key, value))
        return Status.DONE

    party = field(settings=keep)
    party.endpoints[CONTROLLER].change_setting(VALVE, key, value, party.now_ms)
    party.run(6_000)
    (answer,) = party.take(CONTROLLER, LetterAnswered)
    assert answer.status == status
    assert kept == ([(key, value)] if status is Status.DONE else [])
    if status is Status.DONE:
        ask(party, 9)
        party.run(20_000)
        assert party.take(VALVE, ActuatorSet)[-1] == ActuatorSet(0, 0, Cause.SILENCE)


def test_rekeying_shuts_out_who_is_not_sent_the_key() -> None:
    party = field()
    party.run(20_000)
    for node_id in (5, ROOT, 6):
        party.endpoints[CONTROLLER].rekey(node_id, 1, party.now_ms)
    party.run(24_000)
    answers = party.take(CONTROLLER, LetterAnswered)
    assert sorted(answer.addressee for answer in answers if answer.status == Status.DONE) == [ROOT, 5, 6]
    party.endpoints[CONTROLLER].begin_epoch()
    party.run(60_000)
    epochs = {node_id: endpoint.keys.epoch for node_id, endpoint in party.endpoints.items() if endpoint.keys}
    assert epochs == {CONTROLLER: 1, 5: 1, ROOT: 1, 6: 1, VALVE: 0}
    assert party.take(6, KeysChanged)[-1] == KeysChanged(1, None)
    party.events.clear()
    party.run(80_000)
    assert {event.reason for event in party.take(6, FrameDropped)} == {DropReason.TAG}


# --- old letters, and letters of others --------------------------------------------------------------------


def letter_frame(
    number: int,
    clear: bytes,
    *,
    origin: int = CONTROLLER,
    key: bytes | None = None,
    frame_number: int = 0,
    addressee: int = VALVE,
    hops: int = 15,
) -> bytes:
    """A letter as node 6, captured, can send it."""
    body = SealingKey(key or node_key(MASTER, VALVE)).seal_letter(origin, addressee, number, clear)
    letter = Letter(hops, origin, addressee, number >> 24, number & 0xFFFFFF, body)
    frame = Frame(FrameType.LETTER, 6, BROADCAST, frame_number & 0xFFFFFF, letter)
    return SealingKey(network_key(MASTER, 0)).seal(encode(frame), frame_number)


class Captured(Party):
    """The valve's node, proven to it node 6, whose keys and place somebody has."""

    def __init__(self) -> None:
        super().__init__(tree_member(VALVE, actuators=Actuators([0])), tree_member(6))
        self.run(INTRODUCTION_MS + 1_000)
        self.number = 0x1006 << 24 | 5_000
        self.session = 0x1007 << 24
        self.events.clear()

    def write(self, number: int, clear: bytes, **how: object) -> list[DropReason]:
        """The valve hears a letter in a frame of node 6; why it drops it."""
        self.number += 1
        frame = letter_frame(number, clear, frame_number=self.number, **how)  # type: ignore[arg-type]
        self.inject(frame, [VALVE])
        return [event.reason for event in self.take(VALVE, FrameDropped)]

    def command(self, number: int, value: int, session: int | None = None) -> list[DropReason]:
        """A letter of the controller itself."""
        session = self.session if session is None else session
        clear = encode_body(Body(Kind.COMMAND, session, bytes([0, value, 0, 0])))
        return self.write(number, clear)

    @property
    def answers(self) -> list[Answer]:
        """What the valve answers now."""
        self.log.clear()
        self.serve(VALVE)
        found = []
        for _, frame in self.log:
            opened = SealingKey(network_key(MASTER, 0)).open(
                frame, 0x1007 << 24 | int.from_bytes(frame[5:8], "big")
            )
            assert opened is not None
            number = int.from_bytes(opened[13:20], "big")
            key = SealingKey(node_key(MASTER, VALVE))
            clear = key.open_letter(VALVE, CONTROLLER, number, opened[20:-2])
            assert clear is not None
            found.append(decode_answer(clear[8:]))
        return found


def test_a_captured_member_cannot_command() -> None:
    party = Captured()
    clear = encode_body(Body(Kind.COMMAND, party.session, bytes([0, 99, 0, 0])))
    assert party.write(1, clear, origin=6) == [DropReason.ROLE]
    assert party.write(2, clear, key=node_key(MASTER, 6)) == [DropReason.TAG]
    assert party.write(3, clear, key=network_key(MASTER, 0)) == [DropReason.TAG]
    assert party.take(VALVE, ActuatorSet) == []
    assert party.answers == []


def test_an_old_letter_commands_nothing() -> None:
    party = Captured()
    assert party.command(10, 50) == []
    (answer,) = party.answers
    assert answer.status == Status.DONE
    # A copy of it, another one of its session, and one of a session before this start.
    assert party.command(10, 50) == []
    assert party.command(9, 60) == [DropReason.SESSION]
    assert party.command(11, 70, session=0x999) == [DropReason.SESSION]
    assert party.answers == [Answer(Kind.COMMAND, Status.SESSION, answer.session)]
    assert [event.value for event in party.take(VALVE, ActuatorSet)] == [50]
    assert party.command(13, 80, session=answer.session) == []
    assert [event.value for event in party.take(VALVE, ActuatorSet)] == [80]


def test_a_controller_that_lost_its_counter_is_obeyed_in_the_session_that_it_learns() -> None:
    party = Captured()
    assert party.command(9 << 24, 50) == []
    (answer,) = party.answers
    assert party.command(3 << 24, 60) == [DropReason.SESSION]
    assert party.answers == [Answer(Kind.COMMAND, Status.SESSION, answer.session)]
    assert party.command((3 << 24) + 1, 80, session=answer.session) == []
    assert [event.value for event in party.take(VALVE, ActuatorSet)] == [50, 80]


def test_a_letter_cut_short_is_malformed() -> None:
    party = Captured()
    assert party.write(1, b"\1\2\3") == [DropReason.MALFORMED]


def test_a_letter_goes_no_further_than_its_hops_and_finds_a_place_or_not() -> None:
    party = Party(tree_member(VALVE, places=Places(letters=1)), tree_member(6))
    party.run(INTRODUCTION_MS + 1_000)
    for number, hops in ((1, 0), (2, 1), (3, 1)):
        frame = letter_frame(number, b"12345678", frame_number=0x1006005000 + number, addressee=9, hops=hops)
        party.inject(frame, [VALVE])
    assert [event.reason for event in party.take(VALVE, FrameDropped)][-1] == DropReason.QUEUE_FULL
    party.log.clear()
    party.run(INTRODUCTION_MS + 1_200)
    assert letters(party, VALVE) == 1


def test_only_a_controller_commands() -> None:
    party = field()
    with pytest.raises(ValueError, match="not the network's controller"):
        party.endpoints[5].command(VALVE, 0, 1, 0, party.now_ms)
    with pytest.raises(ValueError, match="master key"):
        party.endpoints[5].rekey(VALVE, 1, party.now_ms)
    assert membership(5).keys is not None


# --- small parts -------------------------------------------------------------------------------------------


def test_the_letter_heard_least_lately_is_forgotten() -> None:
    heard = HeardLetters(2)
    first, second, third = (Letter(15, 1, 2, 3, counter, b"body") for counter in range(3))
    assert heard.is_news(first)
    assert heard.is_news(second)
    assert not heard.is_news(replace(first, hops=3))
    assert heard.is_news(third)
    assert not heard.is_news(first)
    assert heard.is_news(second)


@pytest.mark.parametrize("state", [None, (0, 255)])
def test_an_answer_can_be_read(state: tuple[int, int] | None) -> None:
    answer = Answer(Kind.COMMAND, Status.DONE, (1 << 56) - 1, state)
    assert decode_answer(encode_answer(answer)) == answer
