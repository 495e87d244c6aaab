"""The holder of the token: rounds, turns, readings, and the pass (PROTOCOL.md 12.1 to 12.4, 12.6)."""

from __future__ import annotations

from dataclasses import replace

from protocol import serial_number
from protocol.aggregate import Aggregate
from protocol.node import (
    MeasurementDue,
    ReadingsAdded,
    ReadingsHeard,
    ResultLearned,
    RoundFinished,
    TokenMade,
    TokenPassed,
    TokenTaken,
    TurnFinished,
)
from protocol.packets import (
    HOST,
    MAX_AGGREGATES,
    MAX_NODE_ID,
    MAX_PAYLOAD_BYTES,
    MAX_U24,
    MUSTER,
    NO_ID,
    TOKEN_ASKED,
    TOKEN_MORE,
    FrameType,
    Items,
    Pairs,
    Result,
    Token,
    TokenId,
)
from protocol.ring_parts import FORGET_VISITS, MUSTER_AFTER, Phase, RingParts
from protocol.token_order import is_later, made_after, passed_on
from protocol.wire_format import AGGREGATE, PAIR, TOKEN_HEAD

GATHER, RESULT = 0, 1
_LAST_TURN = 0xFF
_HEAD_BYTES: int = TOKEN_HEAD.sizeof()
_PAIR_BYTES: int = PAIR.sizeof()
_AGGREGATE_BYTES: int = 1 + AGGREGATE.sizeof()
_READINGS_BYTES = 3  # kind and node


class Turns(RingParts):
    """The holder's part of a node."""

    # --- taking ------------------------------------------------------------------------------------------

    def _take(self, source: int, token: Token, now_ms: int) -> None:
        """A newer token than any known has come."""
        is_known = token.id.epoch == self.newest.epoch
        self._give_up_for(token.id, now_ms)
        self.newest = token.id
        self.held = token
        self._began_ms = now_ms - token.age_ms
        if self._begun is not None and self._begun[0] == token.version and token.home == self.node_id:
            self._began_ms = self._begun[1]
        self._sign_ms = now_ms
        self._last_holder = NO_ID
        self._events.append(TokenTaken(source, token.id, token.version, token.turn))
        self._visit(token, now_ms, is_known)
        if token.home == self.node_id:
            self._finish_turn(now_ms)
        elif token.turn == GATHER and self._may_add(token):
            self._begin_measuring(now_ms)
        else:
            if token.turn == RESULT:
                self._learn_result(token)
            self._show_readings()
            self._pass_on(now_ms)

    def _visit(self, token: Token, now_ms: int, is_known: bool) -> None:
        """What every visit of the token tells, whatever its turn."""
        self._visits += 1
        self._hello_ms = None
        self._hello_wait_ms = self._timing.peers.hello_wait_ms
        self._claim_epoch = None
        self._quiet_ms = self._began_ms + token.period_ms if token.turn != GATHER else now_ms
        self._watch.visited()
        self._watch.heard(now_ms, max(now_ms, self._quiet_ms), self._pace, is_known)
        follows = token.follows
        if follows <= MAX_NODE_ID and follows != self.node_id and self.peers.get(follows) is None:
            self._hear(follows)
        for peer_id in self.peers.present:
            if (
                not self.peers.is_configured(peer_id)
                and self._visits - self.peers[peer_id].heard > FORGET_VISITS
            ):
                self._lose(peer_id, "was not heard for long")
        if serial_number.is_newer(self._version, token.version):
            self._raise_next_version(serial_number.add(self._version, 1))
        self._know_version(token.version)
        self._visited_version = self._version
        for node, pairs in token.readings:
            if node != self.node_id:
                self._events.append(ReadingsHeard(node, token.version, pairs))
        self._change(readings=tuple(item for item in token.readings if item[0] != self.node_id))

    def _raise_next_version(self, version: int) -> None:
        assert self.held is not None
        if serial_number.is_newer(version, self.held.next_version):
            self._change(next_version=version)

    def _learn_result(self, token: Token) -> None:
        if self._result_version != token.version and token.aggregates:
            self._result_version = token.version
            self._events.append(ResultLearned(token.version, Items(token.aggregates)))

    # --- rounds and turns --------------------------------------------------------------------------------

    def _make_token(self, epoch: int, now_ms: int) -> None:
        """Of a token that was lost nothing is left: another, with a round newer than all known (12.5)."""
        self._watch.gave_up()
        self._lose(self._last_holder, "had the token when it was lost")
        self._passed_over, self._last_holder = self._last_holder, NO_ID
        made = made_after(self.newest, self.node_id)
        token = TokenId(epoch, made.generator, made.sequence)
        self.newest = token
        period_ms, node_id = self._timing.period_ms, self.node_id
        self.held = Token(
            token, made.sequence, node_id, NO_ID, self._version, self._version, 0, period_ms, RESULT, 0
        )
        self._events.append(TokenMade(token, None))
        self._begin_round(now_ms)

    def _begin_round(self, now_ms: int) -> None:
        assert self.held is not None
        version = serial_number.add(self._version, 1)
        if serial_number.is_newer(self.held.next_version, version):
            version = self.held.next_version
        self._version = self._visited_version = version
        self._began_ms = self._sign_ms = now_ms
        self._begun = version, now_ms
        self._passed_items = frozenset()
        nothing = Aggregate.empty(version)
        self._change(
            home=self.node_id,
            version=version,
            next_version=version,
            period_ms=self._timing.period_ms,
            turn=GATHER,
            flags=0,
            aggregates=tuple((metric, nothing) for metric in self._metrics),
            readings=(),
        )
        self._begin_measuring(now_ms)

    def _finish_turn(self, now_ms: int) -> None:
        """The token is at its home."""
        token = self.held
        assert token is not None
        self._events.append(TurnFinished(token.version, token.turn))
        if token.turn == GATHER:
            self._finish_round(token, now_ms)
        elif token.turn == RESULT:
            self._learn_result(token)
        left = tuple(item for item in token.readings if item[0] not in self._passed_items)
        again = token.flags & TOKEN_MORE or left
        if token.turn == GATHER or (token.flags & TOKEN_ASKED and again and now_ms < self._rest_ms):
            self._passed_items = frozenset(node for node, _ in left)
            turn = min(token.turn + 1, _LAST_TURN)
            aggregates = token.aggregates if turn == RESULT else ()
            flags = token.flags & ~TOKEN_MORE
            self._change(home=self.node_id, turn=turn, flags=flags, aggregates=aggregates, readings=left)
            self._show_readings()
            self._pass_on(now_ms)
        elif now_ms < self._rest_ms:
            self.phase, self._phase_ms = Phase.RESTING, self._rest_ms
        else:
            self._begin_round(now_ms)

    @property
    def _rest_ms(self) -> int:
        """Until when the home keeps the token."""
        return self._began_ms + self._timing.period_ms

    def _finish_round(self, token: Token, now_ms: int) -> None:
        if self._result_version == token.version or not token.aggregates:
            return  # said already: an older token of this round was faster (12.3)
        self._result_version = token.version
        duration_ms = min(now_ms - self._began_ms, MAX_U24)
        items = Items(token.aggregates)
        self._put(FrameType.RESULT, HOST, Result(duration_ms, items), now_ms)
        self._events.append(RoundFinished(token.version, duration_ms, items))

    # --- readings ----------------------------------------------------------------------------------------

    def _may_add(self, token: Token) -> bool:
        """Whether this node's readings are for certain not in the token (12.4)."""
        if self._began_ms < self._adds_from_ms:
            return False
        if self._added is None:
            return True
        version, added = self._added
        if version != token.version:
            return serial_number.is_newer(token.version, version)
        is_same = (added.epoch, added.generator) == (token.id.epoch, token.id.generator)
        return not is_same and is_later(added.sequence, token.fork)

    def _begin_measuring(self, now_ms: int) -> None:
        assert self.held is not None
        self._measuring_ms = now_ms
        self.phase, self._phase_ms = Phase.MEASURING, now_ms + self._sensor.timeout_ms
        if self._own is not None and self._own[0] == self.held.version:
            self._add(self._own[1], now_ms)  # measured for a branch that died
        else:
            self._events.append(MeasurementDue(self.held.version))

    def _end_measuring(self, now_ms: int) -> None:
        """The sensor takes longer than it did: who waits for a sign is told so, until the wait is over."""
        wait_end_ms = self._measuring_ms + self._timing.measure_wait_ms
        if now_ms < wait_end_ms:
            self._sign_ms, self._phase_ms = now_ms, wait_end_ms
            self._sensor.not_answered()
        else:
            self._show_readings()
            self._pass_on(now_ms)

    def _add(self, pairs: Pairs, now_ms: int) -> None:
        token = self.held
        assert token is not None
        self._own = token.version, pairs
        self._added = token.version, token.id
        sums = dict(token.aggregates)
        room = (MAX_PAYLOAD_BYTES - _payload_bytes(token)) // _AGGREGATE_BYTES
        most = min(MAX_AGGREGATES, len(sums) + room)
        for metric, raw in pairs:
            if metric in sums or len(sums) < most:
                reading = Aggregate.of_reading(token.version, raw, self.node_id)
                sums[metric] = sums[metric].merge(reading) if metric in sums else reading
        self._change(aggregates=tuple(sums.items()))
        self._events.append(ReadingsAdded(token.version, token.id))
        self._show_readings()
        self._pass_on(now_ms)

    def _show_readings(self) -> None:
        """Put the own readings on the token, if somebody asks for them and there is room (12.6)."""
        token = self.held
        assert token is not None
        flags = token.flags | (TOKEN_ASKED if self._asks else 0)
        readings = token.readings
        if (
            flags & TOKEN_ASKED
            and self._own
            and self._own[1]
            and self._own[0] == token.version != self._shown_version
        ):
            with_own = replace(token, readings=(*readings, (self.node_id, self._own[1])))
            if _payload_bytes(with_own) <= MAX_PAYLOAD_BYTES:
                readings, self._shown_version = with_own.readings, token.version
            else:
                flags |= TOKEN_MORE
        self._change(flags=flags, readings=readings)

    # --- passing -----------------------------------------------------------------------------------------

    def _pass_on(self, now_ms: int) -> None:
        token = self.held
        assert token is not None
        successor = self.peers.successor()
        if successor is None:
            self._change(home=self.node_id)
            self._finish_turn(now_ms)
            return
        home = token.home
        if home not in (self.node_id, successor) and self.peers.is_between(self.node_id, home, successor):
            self._change(home=successor)
        self.phase = Phase.PASSING
        self._successor = successor
        self._tries = 0
        self._events.append(TokenPassed(successor, passed_on(token.id)))
        self._try_pass(now_ms)

    def _try_pass(self, now_ms: int) -> None:
        token, successor = self.held, self._successor
        assert token is not None
        self._tries += 1
        if self._tries == 1:
            self._first_sent_ms = now_ms
            self._try_ms = self._timeout_ms(successor)
        elif not self._is_pace_known:
            self._try_ms *= 2
        self._phase_ms = now_ms + self._try_ms
        # As old as it will be when it arrives: half of the round trip later, as in section 6.1.
        age_ms = min(now_ms - self._began_ms + self.peers[successor].round_trip.one_way_ms, MAX_U24)
        passed = replace(token, id=passed_on(token.id), follows=self._follows(successor), age_ms=age_ms)
        self._put(FrameType.TOKEN, successor, passed, now_ms)

    def _follows(self, successor: int) -> int:
        """Who comes after the successor, as far as this node knows; that may be this node."""
        after = self.peers.after(successor)
        if after is None or self.peers.is_between(successor, self.node_id, after):
            return self.node_id
        return after

    def _no_sign(self, now_ms: int) -> None:
        """The successor is silent."""
        token, successor = self.held, self._successor
        assert token is not None
        peer = self.peers.get(successor)
        if peer is not None and peer.is_present:
            if self._tries == 1:
                peer.round_trip.not_answered()
            # They count on over tokens: whoever takes this one for lost must not save a dead successor.
            peer.unanswered += 1
            if peer.unanswered < self._timing.tries:
                self._try_pass(now_ms)
                return
            self._lose(successor, f"no sign of the token after {peer.unanswered} tries")
            self._passed_over = successor
            self._silent += 1
        # Whether it has the token after all cannot be known: part from that one (12.3).
        fork = made_after(self.newest, self.node_id)
        self._events.append(TokenMade(fork, token.id))
        self.newest = fork
        self._change(id=fork, fork=token.id.sequence)
        self._sign_ms = now_ms
        if self._silent == MUSTER_AFTER:
            self._passed_over = MUSTER
            self._begin_muster(now_ms)
            self.phase, self._phase_ms = Phase.MUSTERING, self._muster_ms
        else:
            self._pass_on(now_ms)

    def _is_passed(self, source: int, known: TokenId, now_ms: int) -> None:
        """Somebody has the token that this node gave on, or a descendant."""
        assert self.held is not None
        peer = self.peers.get(source)  # None if there was no room for it
        if peer is not None and source == self._successor and known == passed_on(self.held.id):
            round_trip = peer.round_trip
            taken_ms = now_ms - self._first_sent_ms
            if self._tries == 1:
                round_trip.answered(taken_ms)
                self._usual_timeout_ms = round_trip.timeout_ms
                self._usual_way_ms = max(1, round_trip.one_way_ms)
            else:
                round_trip.guess(taken_ms)
        self._silent = 0
        self._let_go(now_ms)


def _payload_bytes(token: Token) -> int:
    """How long the TOKEN's payload is."""
    items = sum(_READINGS_BYTES + _PAIR_BYTES * len(pairs) for _, pairs in token.readings)
    return _HEAD_BYTES + _AGGREGATE_BYTES * len(token.aggregates) + items
