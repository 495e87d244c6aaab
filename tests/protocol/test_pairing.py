"""Two machines pair, and nobody between them gets anywhere unseen (PROTOCOL.md 10.7)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given
from hypothesis import strategies as st

from protocol.packets import BROADCAST, MAX_NODE_ID, DropReason, Frame, FrameType, Pair, decode, encode
from protocol.pairing import (
    LIMIT_MS,
    LINGER_MS,
    RANDOM_BYTES,
    REPEAT_MS,
    SILENCE_MS,
    Cause,
    CodeShown,
    Ended,
    Event,
    GiftReceived,
    KeyHolder,
    Machine,
    NewMachine,
    OtherAsked,
    Paired,
    Step,
)
from protocol.pairing_gift import MAX_PARTS, PART_BYTES, Gift, decode_gift, encode_gift, parts_of
from protocol.pairing_keys import SHOWN_BYTES
from protocol.settings import Settings

NEW, HOLDER = 11, 1
SETTINGS = Settings(
    node_id=NEW, epoch=3, network_key=bytes(16), node_key=bytes(range(16)), controller=HOLDER, gateways=(1, 2)
)
GIFT = Gift("garden", SETTINGS)
LONG_GIFT = Gift("g" * 200, SETTINGS)
MANGLED = st.sampled_from([None, "lost", "twice", "late"])


def entropy(seed: int) -> bytes:
    return Random(seed).randbytes(RANDOM_BYTES)


def new_machine(node_id: int = NEW, seed: int = 1) -> NewMachine:
    return NewMachine(node_id, entropy(seed), 0)


def key_holder(gift: Gift = GIFT, seed: int = 2) -> KeyHolder:
    return KeyHolder(HOLDER, NEW, gift, entropy(seed), 0)


class Room:
    """Machines that hear each other on a clock of its own; `on_air` says which frames arrive for one."""

    def __init__(self, *machines: Machine, on_air: Callable[[bytes], list[bytes]] | None = None) -> None:
        self.machines = machines
        self.events: dict[Machine, list[Event]] = {machine: [] for machine in machines}
        self.says_yes = set(machines)
        self.sent: list[bytes] = []
        self.now_ms = 0
        self._on_air = on_air or (lambda frame: [frame])

    def run(self, until_ms: int = LIMIT_MS + SILENCE_MS) -> Room:
        """Until nothing is left to do, or until then."""
        while self._deadline() is not None and self.now_ms <= until_ms:
            for machine in self.machines:
                machine.handle_timer(self.now_ms)
                self._take_events(machine)
                while frames := machine.frames_to_send(self.now_ms):
                    for frame in frames:
                        self._carry(machine, frame)
            self.now_ms = max(self.now_ms, self._deadline() or 0)
        return self

    def _carry(self, sender: Machine, frame: bytes) -> None:
        self.sent.append(frame)
        for arriving in self._on_air(frame):
            for machine in self.machines:
                if machine is not sender:
                    machine.receive(arriving, self.now_ms)
                    self._take_events(machine)

    def _take_events(self, machine: Machine) -> None:
        while event := machine.next_event():
            self.events[machine].append(event)
            if isinstance(event, CodeShown) and machine in self.says_yes:
                machine.say_yes(self.now_ms)
            if isinstance(event, GiftReceived):
                assert isinstance(machine, NewMachine)
                machine.confirm_stored(self.now_ms)
                self._take_events(machine)

    def _deadline(self) -> int | None:
        return min((d for m in self.machines if (d := m.next_deadline()) is not None), default=None)

    def code(self, machine: Machine) -> str:
        (code,) = (event.code for event in self.events[machine] if isinstance(event, CodeShown))
        return code

    def sent_steps(self) -> list[Step]:
        return [step_of(frame) for frame in self.sent]


def pair_of(frame: bytes) -> Pair:
    payload = decode(frame).payload
    assert isinstance(payload, Pair)
    return payload


def step_of(frame: bytes) -> Step:
    return Step(pair_of(frame).step)


def with_body(frame: bytes, body: bytes) -> bytes:
    """A forger's: the checksum fits."""
    return encode(replace(decode(frame), payload=Pair(step_of(frame), body)))


# --- what should happen ---


def test_both_show_one_code_and_the_new_machine_gets_its_settings() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder).run()
    code = room.code(new)
    assert room.code(holder) == code
    assert len(code) == 6
    assert code.isdecimal()
    assert room.events[new] == [CodeShown(code), GiftReceived(GIFT), Paired()]
    assert room.events[holder] == [CodeShown(code), Paired()]
    assert new.is_over
    assert holder.is_over
    *met, give, taken, done = room.sent_steps()
    assert met == [Step.ASK, Step.OFFER, Step.OPEN, Step.OFFER, Step.OPEN]  # a yes waits for the next OPEN
    assert (give, taken, done) == (Step.GIVE, Step.TAKEN, Step.DONE)
    assert room.now_ms <= REPEAT_MS + LINGER_MS


def test_only_the_first_step_is_for_all() -> None:
    room = Room(new_machine(), key_holder()).run()
    destinations = [decode(frame).destination for frame in room.sent]
    assert destinations == [BROADCAST, *[NEW, HOLDER] * 3, NEW]


def test_no_key_is_ever_in_the_clear() -> None:
    room = Room(new_machine(), key_holder()).run()
    assert SETTINGS.node_key is not None
    assert not any(SETTINGS.node_key in frame for frame in room.sent)


def test_a_long_gift_goes_in_parts() -> None:
    new = new_machine()
    room = Room(new, key_holder(LONG_GIFT)).run()
    assert GiftReceived(LONG_GIFT) in room.events[new]
    assert room.sent_steps().count(Step.GIVE) == len(parts_of(encode_gift(LONG_GIFT))) == 4


def test_code_and_key_are_what_the_specification_says() -> None:
    """Anew from the frames and the holder's private key, by hashlib and hmac."""
    room = Room(new_machine(), key_holder()).run()
    shown = {step_of(frame): pair_of(frame).body[8:] for frame in room.sent}
    new, holder = shown[Step.OPEN], shown[Step.OFFER]
    assert pair_of(room.sent[0]).body == sha256(b"treering pair" + new).digest()
    ids = bytes([0, NEW, 0, HOLDER])
    transcript = sha256(b"treering pair" + ids + new[:32] + holder[:32] + new[32:] + holder[32:]).digest()
    assert room.code(room.machines[0]) == f"{int.from_bytes(transcript[:8], 'big') % 1_000_000:06}"

    private = X25519PrivateKey.from_private_bytes(entropy(2)[:32])
    secret = private.exchange(X25519PublicKey.from_public_bytes(new[:32]))
    extracted = hmac.digest(transcript, secret, "sha256")
    key = hmac.digest(extracted, b"treering pair\x01", "sha256")[:16]
    (give,) = (pair_of(frame).body for frame in room.sent if step_of(frame) is Step.GIVE)
    head, sealed = give[:10], give[10:]
    assert head[8:] == bytes([0, 1])
    gift = AESCCM(key, tag_length=8).decrypt(bytes([4, 0]) + bytes(11), sealed, bytes([4]) + head)
    assert gift == encode_gift(GIFT)


def test_each_pairing_has_a_code_of_its_own() -> None:
    codes = {Room(new := new_machine(seed=s), key_holder(seed=-s)).run().code(new) for s in range(1, 20)}
    assert len(codes) > 15


@given(st.lists(MANGLED, max_size=25), st.booleans())
def test_lost_doubled_and_late_frames_do_no_harm(fates: list[str | None], is_long: bool) -> None:
    fate = iter(fates)
    held: list[bytes] = []

    def on_air(frame: bytes) -> list[bytes]:
        arriving = {"lost": [], "twice": [frame, frame], "late": []}.get(next(fate, None) or "", [frame])
        held.extend([frame] if not arriving else [])
        return [*arriving, *([held.pop(0)] if held and len(held) % 2 == 0 else [])]

    new, holder = new_machine(), key_holder(LONG_GIFT if is_long else GIFT)
    room = Room(new, holder, on_air=on_air).run()
    assert room.code(new) == room.code(holder)
    assert room.events[new][-1] == Paired()
    assert room.events[holder][-1] == Paired()


def test_the_new_machine_has_its_keys_even_if_the_last_answer_is_lost() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder, on_air=lambda f: [] if step_of(f) is Step.DONE else [f]).run()
    assert room.events[new][-1] == room.events[holder][-1] == Paired()
    assert new.is_over
    assert holder.is_over


def test_the_holder_repeats_its_last_answer_for_a_while() -> None:
    lost = iter(range(2))
    new, holder = new_machine(), key_holder()
    room = Room(
        new, holder, on_air=lambda f: [] if step_of(f) is Step.DONE and next(lost, None) is not None else [f]
    )
    room.run(until_ms=4 * REPEAT_MS)
    assert room.events[new][-1] == Paired()
    assert not holder.is_over
    assert holder.next_deadline() == 3 * REPEAT_MS + LINGER_MS


def test_several_pairings_share_the_air() -> None:
    others = Settings(node_id=12, network_key=bytes(16), node_key=bytes(16))
    news = new_machine(), new_machine(12, seed=3)
    holders = key_holder(), KeyHolder(HOLDER + 1, 12, Gift("yard", others), entropy(4), 0)
    room = Room(*news, *holders).run()
    for new, holder in zip(news, holders, strict=True):
        assert room.code(new) == room.code(holder)
        assert room.events[new][-1] == room.events[holder][-1] == Paired()


# --- what people say ---


def test_nothing_is_given_before_the_holders_person_says_yes() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = {new}
    room.run(until_ms=60_000)
    assert set(room.sent_steps()) == {Step.ASK, Step.OFFER, Step.OPEN}
    assert not new.is_over
    assert not holder.is_over
    holder.say_yes(room.now_ms)
    room.run()
    assert room.events[new][-1] == room.events[holder][-1] == Paired()


def test_nothing_is_stored_before_the_new_machines_person_says_yes() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = {holder}
    room.run(until_ms=60_000)
    assert Step.GIVE in room.sent_steps()
    assert room.events[new] == [CodeShown(room.code(holder))]
    new.say_yes(room.now_ms)
    room.run()
    assert room.events[new][-1] == Paired()


@pytest.mark.parametrize("refuser", [0, 1])
def test_a_no_ends_it_on_both_sides(refuser: int) -> None:
    machines = new_machine(), key_holder()
    room = Room(*machines)
    room.says_yes = {machines[1 - refuser]}
    room.run(until_ms=5_000)
    machines[refuser].give_up(Cause.REFUSED, room.now_ms)
    room.run()
    assert room.events[machines[refuser]][-1] == Ended(Cause.REFUSED)
    assert room.events[machines[1 - refuser]][-1] == Ended(Cause.REFUSED, by_other=True)
    assert all(machine.is_over for machine in machines)
    assert not any(isinstance(event, GiftReceived) for event in room.events[machines[0]])


def test_a_yes_before_there_is_a_code_means_nothing() -> None:
    new, holder = new_machine(), key_holder()
    holder.say_yes(0)
    new.say_yes(0)
    room = Room(new, holder)
    room.says_yes = set()
    room.run(until_ms=5_000)
    assert Step.GIVE not in room.sent_steps()


# --- time ---


def test_whoever_hears_nobody_ends_after_the_limit() -> None:
    for machine in (new_machine(), key_holder()):
        room = Room(machine).run()
        assert room.events[machine] == [Ended(Cause.SILENCE)]
        assert machine.is_over
        assert LIMIT_MS <= room.now_ms <= LIMIT_MS + REPEAT_MS


@pytest.mark.parametrize("silent", [0, 1])
def test_whoever_falls_silent_is_given_up(silent: int) -> None:
    machines = new_machine(), key_holder()
    room = Room(*machines)
    room.says_yes = set()
    room.run(until_ms=5_000)
    rest = Room(machines[1 - silent])
    rest.now_ms = room.now_ms
    rest.run()
    assert rest.events[machines[1 - silent]] == [Ended(Cause.SILENCE)]
    assert rest.now_ms - room.now_ms <= SILENCE_MS + REPEAT_MS


def test_frames_that_are_of_no_use_are_no_sign_of_life() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = set()
    room.run(until_ms=REPEAT_MS)
    (opening,) = (frame for frame in room.sent[-2:] if step_of(frame) is Step.OPEN)
    forged = with_body(opening, pair_of(opening).body[:-1] + b"?")
    for now_ms in range(room.now_ms, room.now_ms + SILENCE_MS + 1, REPEAT_MS):
        holder.handle_timer(now_ms)
        holder.receive(forged, now_ms)
    assert holder.next_event() == Ended(Cause.SILENCE)


def test_people_who_do_not_answer_end_it() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = set()
    room.run()
    assert {room.events[machine][-1] for machine in (new, holder)} <= {
        Ended(Cause.NO_ANSWER),
        Ended(Cause.NO_ANSWER, by_other=True),
    }


# --- who does not belong ---


class ManInTheMiddle:
    """He pairs with each of the two in the other's name; they do not hear each other."""

    def __init__(self, seed: int) -> None:
        self.new, self.holder = new_machine(seed=seed), key_holder(seed=seed + 1)
        self.as_holder = KeyHolder(HOLDER, NEW, Gift("evil", SETTINGS), entropy(seed + 2), 0)
        self.as_new = NewMachine(NEW, entropy(seed + 3), 0)


def test_a_man_in_the_middle_makes_the_codes_differ() -> None:
    for seed in range(0, 40, 4):
        man = ManInTheMiddle(seed)
        left, right = Room(man.new, man.as_holder), Room(man.as_new, man.holder)
        left.says_yes, right.says_yes = {man.as_holder}, {man.as_new}  # he does, people do not
        left.run(until_ms=2_000)
        right.run(until_ms=2_000)
        assert left.code(man.new) != right.code(man.holder)
        assert not any(isinstance(e, GiftReceived) for e in left.events[man.new] + right.events[man.as_new])
        assert Step.GIVE not in right.sent_steps()


def test_he_cannot_take_another_key_once_he_has_seen_the_holders() -> None:
    """The commitment: with a free choice he could search for a code."""
    holder, honest, other = key_holder(), new_machine(), new_machine(seed=9)
    (ask,) = honest.frames_to_send(0)
    holder.receive(ask, 0)
    (offer,) = holder.frames_to_send(0)
    honest.receive(offer, 0)
    (opening,) = honest.frames_to_send(0)
    forged = with_body(opening, pair_of(ask).body[:8] + other._key.shown)
    holder.receive(forged, 0)
    assert holder.next_event() is None
    assert holder.drops == {DropReason.TAG: 1}
    holder.receive(opening, 0)
    assert isinstance(holder.next_event(), CodeShown)


def test_the_new_machine_takes_one_offer_only() -> None:
    new, first, second = new_machine(), key_holder(), key_holder(seed=7)
    (ask,) = new.frames_to_send(0)
    for holder in (first, second):
        holder.receive(ask, 0)
        new.receive(holder.frames_to_send(0)[0], 0)
    assert isinstance(new.next_event(), CodeShown)
    assert new.next_event() is None
    assert new.drops == {DropReason.STATE: 1}


@given(st.data())
def test_a_changed_frame_changes_nothing(data: st.DataObject) -> None:
    """Of any step, any byte, with a checksum that fits: the pairing goes on as if it had not come."""
    tampered: list[bytes] = []

    def on_air(frame: bytes) -> list[bytes]:
        payload = pair_of(frame)
        if payload.step in (Step.ASK, Step.OFFER):  # free for anybody to say: the code tells
            return [frame]
        at = data.draw(st.integers(0, len(payload.body)))
        flip = data.draw(st.integers(1, 255))
        changed = bytearray(bytes([payload.step]) + payload.body)
        changed[at] ^= flip
        forged = encode(replace(decode(frame), payload=Pair(changed[0], bytes(changed[1:]))))
        tampered.append(forged)
        return [forged, frame]

    new, holder = new_machine(), key_holder()
    room = Room(new, holder, on_air=on_air).run()
    code = room.code(new)
    assert room.events[new] == [CodeShown(code), GiftReceived(GIFT), Paired()]
    assert room.events[holder] == [CodeShown(code), Paired()]
    assert sum(new.drops.values()) + sum(holder.drops.values()) == len(tampered)


@given(
    st.lists(
        st.tuples(
            st.integers(0, MAX_NODE_ID), st.sampled_from([NEW, HOLDER, BROADCAST]), st.integers(0, 255)
        ).flatmap(lambda head: st.tuples(st.just(head), st.binary(max_size=87), st.booleans())),
        max_size=20,
    )
)
def test_whatever_strangers_send_is_never_obeyed_and_never_raises(
    junk: list[tuple[tuple[int, int, int], bytes, bool]],
) -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = set()
    room.run(until_ms=1_000)
    assert room.code(new) == room.code(holder)
    pairing = pair_of(room.sent[0]).body[:8]
    for (source, destination, step), body, knows_pairing in junk:
        if step == Step.END and knows_pairing:
            continue  # as a jammer can
        body = (pairing + body)[:87] if knows_pairing else body
        frame = encode(Frame(FrameType.PAIR, source, destination, 0, Pair(step, body)))
        for machine in (new, holder):
            machine.receive(frame, room.now_ms)
            machine.receive(frame[:-1], room.now_ms)
            while event := machine.next_event():
                assert isinstance(event, OtherAsked)
    for machine in (new, holder):
        machine.say_yes(room.now_ms)
    room.run()
    assert room.events[new][-2:] == [GiftReceived(GIFT), Paired()]
    assert room.events[holder][-1] == Paired()


def test_only_who_has_the_key_says_that_the_keys_are_stored() -> None:
    new, holder = new_machine(), key_holder()
    room = Room(new, holder)
    room.says_yes = {holder}
    room.run(until_ms=2_000)
    pairing = pair_of(room.sent[0]).body[:8]
    holder.receive(encode(Frame(FrameType.PAIR, NEW, HOLDER, 0, Pair(Step.TAKEN, pairing + bytes(8)))), 2_000)
    assert holder.next_event() is None
    assert holder.drops == {DropReason.TAG: 1}


def test_a_third_machine_cannot_go_on_with_a_pairing() -> None:
    new, holder = new_machine(), key_holder()
    (ask,) = new.frames_to_send(0)
    holder.receive(ask, 0)
    new.receive(holder.frames_to_send(0)[0], 0)
    (opening,) = new.frames_to_send(0)
    holder.receive(encode(replace(decode(opening), source=12)), 0)
    assert holder.next_event() is None
    assert holder.drops == {DropReason.STATE: 1}


def test_a_key_that_makes_no_secret_is_no_key() -> None:
    """The point of order 1 (RFC 7748, 6.1): anybody would know the secret."""
    new, holder = new_machine(), key_holder()
    (ask,) = new.frames_to_send(0)
    holder.receive(ask, 0)
    (offer,) = holder.frames_to_send(0)
    new.receive(with_body(offer, pair_of(offer).body[:8] + bytes(SHOWN_BYTES)), 0)
    assert new.next_event() is None
    assert new.drops == {DropReason.MALFORMED: 1}
    new.receive(offer, 0)
    assert isinstance(new.next_event(), CodeShown)


# --- who is not meant ---


def test_another_id_is_told_of_once_and_not_answered() -> None:
    stranger, holder = new_machine(12), key_holder()
    room = Room(stranger, holder).run(until_ms=5_000)
    assert room.events[holder] == [OtherAsked(12)]
    assert set(room.sent_steps()) == {Step.ASK}


def test_a_second_machine_of_the_same_id_is_told_of_and_not_answered() -> None:
    first, second, holder = new_machine(), new_machine(seed=5), key_holder()
    room = Room(first, holder)
    room.says_yes = set()
    room.run(until_ms=1_000)
    holder.receive(second.frames_to_send(0)[0], room.now_ms)
    assert holder.frames_to_send(room.now_ms) == []
    assert holder.next_event() == OtherAsked(NEW)


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, node_id=12), replace(SETTINGS, node_key=None), replace(SETTINGS, network_key=None)],
    ids=["of another node", "without node key", "without network key"],
)
def test_a_gift_that_cannot_be_used_is_refused(settings: Settings) -> None:
    new, holder = new_machine(), key_holder()
    holder._gift = parts_of(encode_gift(Gift("garden", settings)))
    room = Room(new, holder).run()
    assert room.events[new][-1] == Ended(Cause.UNUSABLE)
    assert room.events[holder][-1] == Ended(Cause.UNUSABLE, by_other=True)


def test_a_holder_gives_nobody_the_keys_of_another() -> None:
    with pytest.raises(ValueError, match="another"):
        KeyHolder(HOLDER, 12, GIFT, entropy(1), 0)
    with pytest.raises(ValueError, match="another"):
        KeyHolder(NEW, NEW, GIFT, entropy(1), 0)


# --- the gift ---


@given(st.text(st.sampled_from("abcZ09-_ä"), min_size=1, max_size=100), st.integers(0, MAX_NODE_ID))
def test_a_gift_comes_out_as_it_went_in(name: str, node_id: int) -> None:
    gift = Gift(name, replace(SETTINGS, node_id=node_id))
    parts = parts_of(encode_gift(gift))
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(0 < len(part) <= PART_BYTES for part in parts)
    assert decode_gift(b"".join(parts)) == gift


@given(st.binary(max_size=200))
def test_what_is_no_gift_is_a_value_error(data: bytes) -> None:
    try:
        gift = decode_gift(data)
    except ValueError:
        return
    assert decode_gift(encode_gift(gift)) == gift


@pytest.mark.parametrize("name", ["", "a\nb", 'a"', "a b", "n" * 256])
def test_a_name_that_would_not_fit_a_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        encode_gift(Gift(name, SETTINGS))
