"""A sealed member proves itself, takes what members say, and nothing else (PROTOCOL.md section 10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.actuator import Actuators
from protocol.endpoint import UNO, Endpoint, Places
from protocol.keys import network_key, node_key
from protocol.letters import Status
from protocol.node import ChildJoined, FrameDropped, Joined, KeysChanged, SenderProven
from protocol.packets import (
    BROADCAST,
    HOST,
    Challenge,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Heard,
    Help,
    Letter,
    Response,
    Sync,
    encode,
)
from protocol.proofs import ANSWER_WAIT_MS, INTRODUCTION_MS, PAUSE_SPREAD_DIVISOR
from protocol.sealing import SealingKey
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, membership, tree_member

NETWORK = SealingKey(network_key(MASTER, 0))
STRANGER = 9


def sealed(
    frame_type: FrameType, source: int, to: int, number: int, payload: object, key: SealingKey = NETWORK
) -> bytes:
    """A frame as a member could make it."""
    frame = Frame(frame_type, source, to, number & 0xFFFFFF, payload)  # type: ignore[arg-type]
    return key.seal(encode(frame), number)


def types(party: Party, node_id: int) -> list[FrameType]:
    return [FrameType(frame[0] & 0x1F) for sender, frame in party.log if sender == node_id]


def drops(party: Party, node_id: int) -> list[DropReason]:
    return [event.reason for event in party.take(node_id, FrameDropped)]


def introduced() -> Party:
    """The root and node 5, which know each other."""
    party = Party(tree_member(ROOT), tree_member(5))
    party.run(INTRODUCTION_MS)
    assert len(party.take(ROOT, SenderProven)) == len(party.take(5, SenderProven)) == 1
    party.take(ROOT, FrameDropped)
    return party


class Lonely(Party):
    """One node, and the test as its neighbours."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.id = endpoint.node_id
        self.run(INTRODUCTION_MS - 1)
        self.log.clear()

    def hear(self, frame: bytes) -> list[DropReason]:
        """The node hears it; why it dropped it, if it did."""
        self.inject(frame, [self.id])
        return drops(self, self.id)

    def say(self) -> list[bytes]:
        """What the node sends now."""
        self.log.clear()
        self.serve(self.id)
        return [frame for _, frame in self.log]

    def prove(self, source: int, number: int) -> None:
        """That neighbour proves itself."""
        self.hear(sealed(FrameType.GOODBYE, source, self.id, number, Empty()))
        (challenge,) = self.say()
        life, counter = int.from_bytes(challenge[8:12], "big"), int.from_bytes(challenge[5:8], "big")
        response = Response(number >> 24, life, counter)
        assert self.hear(sealed(FrameType.RESPONSE, source, self.id, number + 1, response)) == []
        assert self.take(self.id, SenderProven) == [SenderProven(source)]


# --- proof -----------------------------------------------------------------------------------------------


def test_members_introduce_themselves_and_begin() -> None:
    party = Party(tree_member(ROOT), tree_member(5))
    party.run(10_000)
    assert set(types(party, 5)[:2]) == {FrameType.CHALLENGE, FrameType.RESPONSE}
    assert party.take(ROOT, ChildJoined)
    assert party.take(5, Joined)
    assert set(drops(party, ROOT) + drops(party, 5)) <= {DropReason.STATE}
    assert all(frame[0] & 0x80 for _, frame in party.log)


def test_no_counter_is_sent_twice() -> None:
    party = Party(tree_member(ROOT), tree_member(5), tree_member(6))
    party.run(60_000)
    names = [(sender, frame[5:8]) for sender, frame in party.log]
    assert len(set(names)) == len(names) > 50


def test_a_stranger_is_challenged_once_and_no_more_often_than_there_are_places() -> None:
    party = Lonely(tree_member(5, places=UNO))
    for number in range(20):
        for source in range(20, 40):
            frame = sealed(FrameType.HELP, source, 5, number, Help(0, 255), SealingKey(bytes(16)))
            assert party.hear(frame) == [DropReason.UNPROVEN]
        party.run(party.now_ms + 10)
    assert types(party, 5) == [FrameType.CHALLENGE] * UNO.challenges
    party.run(party.now_ms + ANSWER_WAIT_MS + 1)
    party.hear(sealed(FrameType.HELP, 20, 5, 0, Help(0, 255)))
    assert [frame[3:5] for frame in party.say()] == [b"\0\x14"]


def test_a_broadcast_is_challenged_after_a_jitter_and_a_frame_for_one_at_once() -> None:
    party = Lonely(tree_member(5, places=Places(challenges=32)))
    party.hear(sealed(FrameType.HELP, 6, 5, 0, Help(0, 255)))
    assert len(party.say()) == 1
    for source in range(10, 30):
        party.hear(sealed(FrameType.HELP, source, BROADCAST, 0, Help(0, 255)))
    assert len(party.say()) < 5
    party.run(party.now_ms + ANSWER_WAIT_MS // PAUSE_SPREAD_DIVISOR)
    assert types(party, 5).count(FrameType.CHALLENGE) > 15


def test_an_answer_is_taken_in_time_only_and_once() -> None:
    party = Lonely(tree_member(5))
    party.hear(sealed(FrameType.GOODBYE, 6, 5, 0, Empty()))
    (challenge,) = party.say()
    life, counter = int.from_bytes(challenge[8:12], "big"), int.from_bytes(challenge[5:8], "big")
    party.run(party.now_ms + ANSWER_WAIT_MS + 1)
    late = sealed(FrameType.RESPONSE, 6, 5, 1, Response(0, life, counter))
    assert party.hear(late) == [DropReason.UNPROVEN]
    (challenge,) = party.say()
    counter = int.from_bytes(challenge[5:8], "big")
    party.run(party.now_ms + ANSWER_WAIT_MS)
    assert party.hear(sealed(FrameType.RESPONSE, 6, 5, 2, Response(0, life, counter - 1))) == [
        DropReason.UNPROVEN
    ]
    assert party.hear(sealed(FrameType.RESPONSE, 6, 5, 3, Response(0, life, counter))) == []
    assert party.hear(sealed(FrameType.RESPONSE, 6, 5, 4, Response(0, life, counter))) == [
        DropReason.UNPROVEN
    ]
    assert party.hear(sealed(FrameType.RESPONSE, 6, 5, 3, Response(0, life, counter))) == [
        DropReason.REPLAYED
    ]
    assert len(party.take(5, SenderProven)) == 1


def test_who_lost_its_counter_is_let_in_again_and_its_old_frames_are_not() -> None:
    party = introduced()
    party.run(30_000)
    old = [frame for sender, frame in party.log if sender == 5]
    party.events.clear()
    party.endpoints[5] = tree_member(5, now_ms=party.now_ms, life=3)
    party.run(60_000)
    assert party.take(ROOT, SenderProven)
    assert party.take(5, Joined)
    party.events.clear()
    for frame in old:
        party.inject(frame, [ROOT])
    # An old RESPONSE answers nothing; an old CHALLENGE is answered, which proves nothing.
    assert set(drops(party, ROOT)) <= {DropReason.REPLAYED, DropReason.TAG, DropReason.UNPROVEN}
    party.run(70_000)
    assert not party.take(ROOT, SenderProven)


def test_who_lost_its_counter_is_let_in_though_its_introduction_was_lost() -> None:
    party = introduced()
    party.run(30_000)
    party.hears = lambda sender, listener: party.now_ms > 32_000
    party.endpoints[5] = tree_member(5, now_ms=party.now_ms, life=3)
    party.run(60_000)
    assert party.take(5, Joined)


def test_a_replayed_challenge_is_answered_once_in_a_while() -> None:
    party = Lonely(tree_member(5))
    asked = sealed(FrameType.CHALLENGE, 6, 5, 77, Challenge(0))
    assert party.hear(asked) == []
    assert [frame[0] & 0x1F for frame in party.say()] == [FrameType.RESPONSE, FrameType.CHALLENGE]
    for _ in range(10):
        party.hear(asked)
        assert party.say() == []
    party.run(party.now_ms + ANSWER_WAIT_MS + 1)
    party.hear(asked)
    assert len(party.say()) == 2


def test_a_proven_sender_may_ask_again() -> None:
    party = Lonely(tree_member(5))
    party.prove(6, 10)
    for number in range(20, 25):
        party.hear(sealed(FrameType.CHALLENGE, 6, 5, number, Challenge(0)))
        (response,) = party.say()
        opened = NETWORK.open(response, int.from_bytes(response[8:12] + response[5:8], "big"))
        assert opened is not None
        assert opened[12:19] == number.to_bytes(7, "big")


# --- what is dropped, and why ----------------------------------------------------------------------------


def test_frames_are_judged_in_their_order() -> None:
    party = Lonely(tree_member(5))
    party.prove(6, 10)
    good = sealed(FrameType.HELP, 6, 5, 20, Help(0, 255))
    assert party.hear(bytes(105)) == [DropReason.OVERSIZED]
    assert party.hear(good[:9]) == [DropReason.TRUNCATED]
    assert party.hear(bytes([good[0] | 0x20]) + good[1:]) == [DropReason.WIRE_VERSION]
    assert party.hear(encode(Frame(FrameType.GOODBYE, 6, 5, 21, Empty()))) == [DropReason.OPEN]
    assert party.hear(good[:15]) == [DropReason.TRUNCATED]
    assert party.hear(sealed(FrameType.HELP, 5, 5, 21, Help(0, 255))) == [DropReason.OWN_ID]
    assert party.hear(good[:1] + b"\xff\xff" + good[3:]) == [DropReason.MALFORMED]
    assert party.hear(good[:3] + b"\0\x07" + good[5:]) == []
    assert party.hear(sealed(FrameType.HELP, 7, 5, 21, Help(0, 255))) == [DropReason.UNPROVEN]
    assert party.hear(sealed(FrameType.HELP, 6, 5, 11, Help(0, 255))) == [DropReason.REPLAYED]
    assert party.hear(good[:-1] + bytes([good[-1] ^ 1])) == [DropReason.TAG]
    assert party.hear(good) == [DropReason.STATE]  # the node's own machine has not begun
    assert party.hear(good) == [DropReason.REPLAYED]
    empty = encode(Frame(FrameType.GOODBYE, 6, 5, 30, Empty()))
    assert party.hear(NETWORK.seal(bytes([31]) + empty[1:], 30)) == [DropReason.UNKNOWN_TYPE]
    assert party.hear(NETWORK.seal(bytes([FrameType.DEPTH]) + empty[1:], 31)) == [DropReason.MALFORMED]


def test_a_wrong_tag_moves_no_window_and_asks_for_proof() -> None:
    party = Lonely(tree_member(5))
    party.prove(6, 10)
    forged = bytearray(sealed(FrameType.HELP, 6, 5, 5000, Help(0, 255)))
    forged[-1] ^= 1
    assert party.hear(bytes(forged)) == [DropReason.TAG]
    assert [frame[0] & 0x1F for frame in party.say()] == [FrameType.CHALLENGE]
    assert party.hear(sealed(FrameType.HELP, 6, 5, 12, Help(0, 255))) == [DropReason.STATE]


def test_only_a_gateway_may_be_root_and_only_the_host_hears_gateways() -> None:
    party = Lonely(tree_member(5))
    party.prove(6, 10)
    root = Sync(1, 0, 0, 5_000)
    assert party.hear(sealed(FrameType.DISCOVERY, 6, BROADCAST, 20, root)) == [DropReason.ROLE]
    own = SealingKey(node_key(MASTER, 6))
    heard = Heard(1, 2, 3)
    assert party.hear(sealed(FrameType.HEARD, 6, 5, 21, heard, own)) == [DropReason.TAG]
    assert party.hear(sealed(FrameType.HEARD, 6, 5, 22, heard)) == [DropReason.ROLE]
    assert party.hear(sealed(FrameType.HEARD, 6, HOST, 22, heard, own)) == []


def test_results_are_sealed_under_the_gateways_own_key() -> None:
    party = introduced()
    party.run(20_000)
    results = [frame for sender, frame in party.log if frame[0] & 0x1F == FrameType.RESULT]
    assert results
    life = 0x1000 << 24
    for result in results:
        number = life | int.from_bytes(result[5:8], "big")
        assert SealingKey(node_key(MASTER, ROOT)).open(result, number) is not None
        assert NETWORK.open(result, number) is None


@pytest.mark.parametrize("overhears", [False, True])
def test_frames_for_others_are_overheard_from_proven_senders_only(overhears: bool) -> None:
    party = Lonely(tree_member(5, overhears=overhears))
    help_ = sealed(FrameType.HELP, 6, 7, 40, Help(0, 255))
    assert party.hear(help_) == []
    assert party.say() == []
    party.prove(6, 10)
    assert party.hear(help_) == ([DropReason.STATE] if overhears else [])
    assert party.hear(help_) == ([DropReason.REPLAYED] if overhears else [])
    tampered = sealed(FrameType.HELP, 6, 7, 41, Help(0, 255))[:-1] + b"\0"
    assert party.hear(tampered) == ([DropReason.TAG] if overhears else [])
    assert party.say() == []


# --- epochs ----------------------------------------------------------------------------------------------


def test_a_member_follows_into_the_next_epoch_and_who_was_not_told_stays_behind() -> None:
    keys = membership(5).keys
    assert keys is not None
    told = membership(5).__class__(keys.with_next(1, network_key(MASTER, 1)))
    party = Lonely(tree_member(5, membership=told))
    party.prove(6, 10)
    next_key = SealingKey(network_key(MASTER, 1))
    assert party.hear(sealed(FrameType.HELP, 6, 5, 20, Help(0, 255), next_key)) == [DropReason.STATE]
    assert party.take(5, KeysChanged) == [KeysChanged(1, None)]
    assert party.endpoints[5].keys is not None
    assert party.endpoints[5].keys.epoch == 1
    assert party.hear(sealed(FrameType.HELP, 6, 5, 21, Help(0, 255))) == [DropReason.TAG]


# --- leaving, and open networks ----------------------------------------------------------------------------


def test_who_leaves_says_a_sealed_goodbye_and_nothing_more() -> None:
    party = introduced()
    party.run(20_000)
    party.endpoints[5].leave(party.now_ms)
    party.log.clear()
    party.run(40_000)
    assert types(party, 5) == [FrameType.GOODBYE]
    assert party.endpoints[5].next_deadline() is None


def test_who_leaves_before_it_has_begun_has_nothing_to_say() -> None:
    party = Party(tree_member(5))
    party.endpoints[5].leave(0)
    assert party.endpoints[5].next_deadline() is None
    assert not party.endpoints[5].measure(1, {0: 1}, 5)
    party.run(5_000)
    assert party.log == []


def test_an_open_network_has_no_introduction_and_drops_what_is_sealed() -> None:
    party = Party(tree_member(ROOT, is_open=True), tree_member(5, is_open=True))
    party.run(10_000)
    assert party.take(5, Joined)
    assert not any(frame[0] & 0x80 for _, frame in party.log)
    assert FrameType.CHALLENGE not in types(party, 5)
    counters = [int.from_bytes(frame[5:8], "big") for sender, frame in party.log if sender == 5]
    assert counters == list(range(len(counters)))
    party.events.clear()
    party.inject(sealed(FrameType.HELP, 6, 5, 1, Help(0, 255)), [5])
    assert drops(party, 5) == [DropReason.SEALED]


# --- anything at all -------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=110), max_size=20))
def test_no_bytes_make_it_fail(frames: list[bytes]) -> None:
    party = Lonely(tree_member(5))
    for frame in frames:
        for first in (frame[:1], b"\x81", b"\x95", b"\x96", b"\x97"):
            party.hear(first + frame[1:])
            party.run(party.now_ms + 7)


@given(st.lists(st.tuples(st.integers(0, 31), st.binary(max_size=88)), max_size=20), st.booleans())
def test_nothing_that_a_member_seals_makes_it_fail(payloads: list[tuple[int, bytes]], begun: bool) -> None:
    party = Lonely(tree_member(5, actuators=Actuators([0]), overhears=True))
    party.prove(6, 10)
    if begun:
        party.run(INTRODUCTION_MS + 100)
    for number, (frame_type, payload) in enumerate(payloads, 20):
        for to in (5, BROADCAST, 9):
            head = bytes([frame_type, 0, 6]) + to.to_bytes(2, "big") + bytes(3)
            party.hear(NETWORK.seal(head + payload + bytes(2), 3 * number + to % 3))
        party.run(party.now_ms + 11)


@given(st.binary(min_size=1, max_size=68))
def test_nothing_that_a_controller_writes_makes_it_fail(clear: bytes) -> None:
    party = Lonely(tree_member(5, actuators=Actuators([0]), settings=lambda key, value: Status.DONE))
    party.prove(6, 10)
    body = SealingKey(node_key(MASTER, 5)).seal_letter(CONTROLLER, 5, 9, clear)
    party.hear(sealed(FrameType.LETTER, 6, BROADCAST, 20, Letter(3, CONTROLLER, 5, 0, 9, body)))
    party.say()
    session = (0x1005 << 24).to_bytes(7, "big")
    body = SealingKey(node_key(MASTER, 5)).seal_letter(CONTROLLER, 5, 10, clear[:1] + session + clear[1:61])
    party.hear(sealed(FrameType.LETTER, 6, BROADCAST, 21, Letter(3, CONTROLLER, 5, 0, 10, body)))
    party.say()
