"""What strangers, replayers, forgers and captured nodes try, and do not get (PROTOCOL.md section 17)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bridge.access import OPEN, Access, RecordOpener, unread_text
from bridge.keys_file import NetworkKeys
from firmware.native.board import UNO, Board
from firmware.native.seal import NativeSeal
from protocol.actuator import Actuators
from protocol.capture import Direction, Record
from protocol.controller import Request
from protocol.keys import Keys, Membership, network_key
from protocol.letters import Body, Cause, Kind, Status
from protocol.node import FrameDropped, LetterAnswered, StateTold
from protocol.packets import (
    BROADCAST,
    HOST,
    Boot,
    Challenge,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Heard,
    Letter,
    Payload,
    Response,
    decode,
    encode,
    peek_header,
)
from protocol.pairing_gift import Gift
from protocol.proofs import ANSWER_WAIT_MS, INTRODUCTION_SPREAD_MS, PAUSE_SPREAD_DIVISOR
from protocol.sealed_reader import SealedReader
from protocol.sealing import SealingKey
from protocol.settings import SLOTS_ADDRESS, Settings, eeprom_image
from tests.firmware.virtual_line import VirtualLine
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, tree_member

NETWORK = SealingKey(network_key(MASTER, 0))
OLD_LIFE = 0xAB
DAY_MS = 24 * 3600 * 1000


def sealed(frame_type: FrameType, source: int, to: int, number: int, payload: object) -> bytes:
    """A frame as a member makes it."""
    frame = Frame(frame_type, source, to, number & 0xFFFFFF, payload)  # type: ignore[arg-type]
    return NETWORK.seal(encode(frame), number)


@pytest.mark.usefixtures("built_core")
@pytest.mark.parametrize("days", [1, 24, 25, 30, 49, 50])
def test_an_answer_held_back_for_weeks_proves_nothing_though_a_boards_clock_wraps(days: int) -> None:
    keys = Keys.of_master(MASTER, 7).of_member(7)
    seal = NativeSeal(7, keys, first=3 << 24, reserve=lambda limit: True, seed=1, now_ms=0)
    (challenge,) = seal.frames_to_send(INTRODUCTION_SPREAD_MS)
    asked = Response(OLD_LIFE, 3, peek_header(challenge)[3])
    answer = sealed(FrameType.RESPONSE, 5, 7, OLD_LIFE << 24 | 10, asked)
    for now_ms in range(0, days * DAY_MS, DAY_MS):
        seal.frames_to_send(now_ms + 2_000)
    result, _ = seal.open(answer, days * DAY_MS)
    assert result == -DropReason.UNPROVEN
    recorded = sealed(FrameType.GOODBYE, 5, BROADCAST, OLD_LIFE << 24 | 11, Empty())
    assert seal.open(recorded, days * DAY_MS + 1)[0] == -DropReason.UNPROVEN


# --- a captured member -----------------------------------------------------------------------------------


CAPTURED = 8


def line_of(*line: int) -> Party:
    """Each hears its neighbours; the last has an actuator. All know the captured node, silent now."""
    last = line[-1]
    members = [tree_member(n, actuators=Actuators([0]) if n == last else None) for n in (*line, CAPTURED)]
    party = Party(*members)
    party.hears = lambda sender, listener: (
        CAPTURED in (sender, listener) or abs(line.index(sender) - line.index(listener)) == 1
    )
    party.run(3_000)
    del party.endpoints[CAPTURED]
    party.events.clear()
    return party


def forged(letters: Sequence[Payload]) -> list[bytes]:
    """They come in frames of the captured node."""
    return [
        sealed(FrameType.LETTER, CAPTURED, BROADCAST, (0x1000 + CAPTURED << 24) + number, letter)
        for number, letter in enumerate(letters, 5_000)
    ]


@pytest.mark.parametrize("life", [0x1000 + CONTROLLER, 0xFFFFFFFF])
def test_a_captured_member_cannot_make_a_controllers_letters_look_old(life: int) -> None:
    party = line_of(CONTROLLER, 5, ROOT, 6, 7)
    for frame in forged([Letter(15, CONTROLLER, 7, life, 0xFFFFFF, bytes(20))]):
        party.inject(frame, [5, ROOT, 6, 7])
    assert [event.reason for event in party.take(7, FrameDropped)] == [DropReason.TAG]
    party.endpoints[CONTROLLER].rekey(7, 1, party.now_ms)
    party.run(15_000)
    assert [event.status for event in party.take(CONTROLLER, LetterAnswered)] == [Status.DONE]


def test_a_captured_member_cannot_tell_a_controller_old_news_of_another() -> None:
    party = line_of(CONTROLLER, 6, ROOT, 7)
    party.endpoints[CONTROLLER].command(7, 0, 1, 1, party.now_ms)
    party.run(10_000)
    told = [event.cause for event in party.take(CONTROLLER, StateTold)]
    assert told == [Cause.START, Cause.SILENCE]
    recorded = [frame for sender, frame in party.log if sender == 7 and frame[0] & 0x1F == FrameType.LETTER]
    opened = [NETWORK.open(frame, 0x1007 << 24 | peek_header(frame)[3]) for frame in recorded]
    payloads = [decode(frame).payload for frame in opened if frame is not None]
    letters = [letter for letter in payloads if isinstance(letter, Letter) and letter.origin == 7]
    assert len(letters) > 2
    others = [Letter(0, 99, 98, 0, counter, bytes(9)) for counter in range(100)]  # more than are remembered
    for frame in forged([*others, *letters]):
        party.inject(frame, [CONTROLLER])
    assert party.take(CONTROLLER, StateTold) == []
    reasons = [event.reason for event in party.take(CONTROLLER, FrameDropped)]
    assert reasons.count(DropReason.SESSION) == len(letters)


def test_a_captured_member_silences_nobody_by_speaking_once_in_its_name() -> None:
    party = line_of(ROOT, 7)
    lie = sealed(FrameType.GOODBYE, 7, BROADCAST, (0x1007 << 24) + 0x7F0000, Empty())
    party.inject(lie, [ROOT])
    party.run(20_000)
    dropped = [event for event in party.take(ROOT, FrameDropped) if event.source == 7]
    assert DropReason.REPLAYED in {event.reason for event in dropped}
    party.run(40_000)
    assert party.take(ROOT, FrameDropped) == []  # all that node 7 says is heard again


@pytest.mark.usefixtures("built_core")
def test_a_board_asks_again_whose_counter_went_back() -> None:
    seal = NativeSeal(
        ROOT, Keys.of_master(MASTER, ROOT), first=3 << 24, reserve=lambda limit: True, seed=1, now_ms=0
    )
    now_ms = INTRODUCTION_SPREAD_MS
    (challenge,) = seal.frames_to_send(now_ms)

    def answer(question: bytes, number: int) -> int:
        asked = Response(number >> 24, 3, peek_header(question)[3])
        return seal.open(sealed(FrameType.RESPONSE, 5, ROOT, number, asked), now_ms)[0]

    first = OLD_LIFE << 24
    assert answer(challenge, first) == 0
    assert seal.open(sealed(FrameType.GOODBYE, 5, BROADCAST, first + 0x7F0000, Empty()), now_ms)[0] > 0
    assert seal.open(goodbye(5, first + 1), now_ms)[0] == -DropReason.REPLAYED
    now_ms += ANSWER_WAIT_MS // PAUSE_SPREAD_DIVISOR
    (again,) = seal.frames_to_send(now_ms)
    assert answer(challenge, first + 0x7F0000 - 256) == -DropReason.REPLAYED
    assert answer(again, first + 2) == 0
    assert seal.open(goodbye(5, first + 2), now_ms)[0] == -DropReason.REPLAYED
    assert seal.open(goodbye(5, first + 3), now_ms)[0] > 0


# --- who looks on, with keys ------------------------------------------------------------------------------


def goodbye(source: int, number: int, epoch: int = 0) -> bytes:
    frame = encode(Frame(FrameType.GOODBYE, source, BROADCAST, number & 0xFFFFFF, Empty()))
    return SealingKey(network_key(MASTER, epoch)).seal(frame, number)


def looker_on(epoch: int = 0) -> SealedReader:
    return SealedReader(Keys.of_master(MASTER, 1, epoch), lives={5: OLD_LIFE})


def test_a_frame_recorded_long_ago_is_not_read_again() -> None:
    reader = looker_on()
    first = OLD_LIFE << 24
    frames = [goodbye(5, first + counter) for counter in range(200)]
    assert all(isinstance(reader.open(frame), bytes) for frame in frames)
    assert isinstance(reader.open(frames[-60]), bytes)  # a copy that went another way
    assert {reader.open(frame) for frame in frames[:130]} == {DropReason.REPLAYED}


def test_a_life_that_is_over_does_not_begin_again() -> None:
    reader = looker_on()
    lives = [OLD_LIFE, OLD_LIFE + 1]
    frames = [sealed(FrameType.CHALLENGE, 5, BROADCAST, life << 24 | 500, Challenge(life)) for life in lives]
    assert all(isinstance(reader.open(frame), bytes) for frame in frames)
    assert reader.open(goodbye(5, OLD_LIFE << 24 | 100)) is DropReason.REPLAYED
    assert isinstance(reader.open(goodbye(5, OLD_LIFE + 1 << 24 | 501)), bytes)


def test_a_revoked_node_is_not_read_with_the_key_of_its_epoch() -> None:
    reader = looker_on(epoch=3)
    first = OLD_LIFE << 24
    assert isinstance(reader.open(goodbye(5, first, epoch=2)), bytes)  # a log that begins earlier
    assert isinstance(reader.open(goodbye(5, first + 1, epoch=3)), bytes)
    assert reader.open(goodbye(5, first + 2, epoch=2)) is DropReason.TAG
    assert isinstance(reader.open(goodbye(5, first + 3, epoch=4)), bytes)
    assert reader.open(goodbye(5, first + 4, epoch=3)) is DropReason.TAG


def test_a_stranger_who_makes_up_lives_hides_no_frame_of_a_log() -> None:
    reader = looker_on()
    other = SealingKey(bytes(16))
    for life in range(100, 110):
        shown = Frame(FrameType.CHALLENGE, 5, BROADCAST, 1, Challenge(life))
        reader.learn(other.seal(encode(shown), life << 24 | 1))
    assert isinstance(reader.open(goodbye(5, OLD_LIFE << 24 | 1)), bytes)


def test_a_strangers_open_frame_is_not_shown_as_the_sealed_networks() -> None:
    forged = encode(Frame(FrameType.HEARD, 1, HOST, 9, Heard(5, 1, 255)))
    record = Record(0, "udp", Direction.INBOUND, forged)
    opener = RecordOpener(Access(NetworkKeys("garden", 0, master=MASTER)))
    assert opener.open(record) is None
    assert opener.unread == {DropReason.OPEN: 1}
    assert unread_text(opener, {}) == "1 frames are open, as anybody can make them"
    assert RecordOpener(OPEN).open(record) == record


# --- secrets ---------------------------------------------------------------------------------------------


def test_no_repr_shows_a_key() -> None:
    keys = Keys.of_master(MASTER, 7).with_next(1, network_key(MASTER, 1))
    network = NetworkKeys("garden", 0, master=MASTER, member_id=7, member=keys)
    settings = Settings(network_key=keys.network, next_network_key=keys.network, node_key=keys.node)
    body = Body(Kind.REKEY, 0, bytes(2) + keys.network)
    request = Request(7, Kind.REKEY, bytes(2) + keys.network, 0)
    shown = repr([keys, network, settings, Membership(keys), body, request, Gift("garden", settings)])
    for secret in (MASTER, keys.network, keys.node, network_key(MASTER, 1)):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown


# --- a lost counter --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("built_board")
def test_a_board_that_lost_its_counter_twice_draws_two_lives_though_its_pins_are_quiet() -> None:
    lives = []
    for first_life in (5, 6):
        eeprom = bytearray(eeprom_image(Settings(node_id=7, first_life=first_life)))
        eeprom[SLOTS_ADDRESS] ^= 1
        line = VirtualLine(Board(UNO, bytes(eeprom)))
        line.run(200)
        boot = decode(line.frames[0]).payload
        assert isinstance(boot, Boot)
        assert boot.flags & 0b1000  # the counter was lost
        lives.append(boot.boot_life)
    assert lives[0] != lives[1]
