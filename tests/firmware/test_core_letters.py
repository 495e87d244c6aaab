"""The C core's letters in an open network, where seal_differential does not come (PROTOCOL.md section 14)."""

from __future__ import annotations

import pytest

from firmware.native.seal import NativeLetters, NativeSeal
from protocol.letters import (
    FIRST_HOPS,
    Answer,
    Body,
    Cause,
    Kind,
    StateUpdate,
    Status,
    decode_answer,
    decode_body,
    encode_body,
    encode_update,
)
from protocol.packets import (
    BROADCAST,
    CRC_BYTES,
    Depth,
    DropReason,
    Frame,
    FrameType,
    Letter,
    decode,
    encode,
)

pytestmark = pytest.mark.usefixtures("built_core")

NODE, CONTROLLER, NEIGHBOUR = 7, 3, 2
FIRST = 5 << 24 | 100


class Board:
    """A board of an open network."""

    def __init__(self) -> None:
        self.seal = NativeSeal(NODE, None, first=FIRST, reserve=lambda _: True, seed=1, now_ms=0)
        self.letters = NativeLetters(
            self.seal,
            controller=CONTROLLER,
            has_actuator=True,
            safe_value=9,
            hold_s=60,
            change_setting=lambda key, value: Status.DONE,
        )

    def hear(self, letter: Letter, now_ms: int = 0, source: int = NEIGHBOUR) -> int:
        frame = encode(Frame(FrameType.LETTER, source, BROADCAST, 1, letter))
        result, opened = self.seal.open(frame, now_ms)
        return self.letters.receive(opened, now_ms) if result > 0 else result

    def say(self, now_ms: int = 0) -> list[Letter]:
        frames = [decode(frame) for frame in self.letters.frames_to_send(now_ms)]
        assert all(frame.source == NODE and frame.destination == BROADCAST for frame in frames)
        return [frame.payload for frame in frames if isinstance(frame.payload, Letter)]


def command(session: int, counter: int, value: int = 200, hold_s: int = 0, addressee: int = NODE) -> Letter:
    content = bytes([0, value]) + hold_s.to_bytes(2, "big")
    return Letter(4, CONTROLLER, addressee, 1, counter, encode_body(Body(Kind.COMMAND, session, content)))


def answers(board: Board) -> list[Answer]:
    return [decode_answer(decode_body(letter.body).content) for letter in board.say()]


def test_a_frame_is_numbered_and_keeps_its_checksum() -> None:
    board = Board()
    closed = board.seal.close(encode(Frame(FrameType.DEPTH, NODE, 1, 0, Depth(2))))
    assert decode(closed) == Frame(FrameType.DEPTH, NODE, 1, 100, Depth(2))
    assert board.seal.frames_to_send(10_000) == []


def test_a_letter_for_another_node_is_passed_on_once_with_a_hop_less() -> None:
    board = Board()
    letter = command(0, 1, addressee=8)
    assert board.hear(letter) == board.hear(letter) == 0
    wait_ms = board.letters.wait_ms(0)
    assert wait_ms is not None
    assert board.say(wait_ms - 1) == []
    assert board.say(wait_ms) == [Letter(3, CONTROLLER, 8, 1, 1, letter.body)]
    assert board.say(1_000) == []


def test_what_the_controller_tells_all_is_passed_on_by_boards_that_make_nothing_of_it() -> None:
    board = Board()
    update = encode_update(StateUpdate(NODE, 0, 200, Cause.COMMANDED))
    assert board.hear(Letter(4, CONTROLLER, CONTROLLER, 1, 1, update)) == 0
    assert board.letters.value == 9
    assert board.say(1_000) == [Letter(3, CONTROLLER, CONTROLLER, 1, 1, update)]


def test_a_letter_without_hops_stays() -> None:
    board = Board()
    assert board.hear(Letter(0, CONTROLLER, 8, 1, 1, b"x")) == 0
    assert board.letters.wait_ms(0) is None


def test_a_command_holds_until_it_is_over_and_the_controller_is_told() -> None:
    board = Board()
    assert board.letters.value == 9
    assert board.hear(command(0, 1)) == -DropReason.SESSION
    assert answers(board) == [Answer(Kind.COMMAND, Status.SESSION, FIRST)]
    assert board.hear(command(FIRST, 2, hold_s=5)) == 0
    assert board.letters.value == 200
    assert answers(board) == [Answer(Kind.COMMAND, Status.DONE, board.letters.session, (0, 200))]
    assert board.letters.session != FIRST
    assert board.letters.wait_ms(0) == 5_000
    board.letters.handle_timer(4_999)
    assert board.letters.value == 200
    board.letters.handle_timer(5_000)
    assert board.letters.value == 9
    (letter,) = board.say(5_000)
    assert letter.hops == FIRST_HOPS
    assert decode_body(letter.body) == Body(Kind.STATE, 0, bytes([0, 9, 1]))


def test_an_old_command_is_not_obeyed_again() -> None:
    board = Board()
    board.hear(command(FIRST, 5))
    board.hear(command(FIRST, 6, value=0))
    assert board.hear(command(FIRST, 5)) == 0  # a copy
    assert board.hear(command(FIRST, 4)) == -DropReason.SESSION
    assert board.letters.value == 0


def test_only_the_controller_commands() -> None:
    board = Board()
    letter = command(FIRST, 1)
    assert board.hear(Letter(4, 50, NODE, 1, 1, letter.body)) == -DropReason.ROLE
    assert board.hear(letter, source=NODE) == -DropReason.OWN_ID
    assert board.letters.value == 9
    assert board.say() == []


def test_a_damaged_letter_is_dropped() -> None:
    board = Board()
    frame = encode(Frame(FrameType.LETTER, NEIGHBOUR, BROADCAST, 1, command(FIRST, 1)))
    assert board.seal.open(frame[:-1] + bytes([frame[-1] ^ 1]), 0)[0] == -DropReason.CHECKSUM
    assert board.seal.open(frame[: 8 + CRC_BYTES - 1], 0)[0] == -DropReason.TRUNCATED
    assert board.seal.open(bytes([frame[0] | 0x80]) + frame[1:], 0)[0] == -DropReason.SEALED
