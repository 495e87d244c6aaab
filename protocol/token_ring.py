"""The token ring (PROTOCOL.md section 12): one token, no special node, one state machine.

Rules: a node drops any token that is not newer than the newest it knows. A token that may be lost is made
anew, with a newer epoch. A node adds its readings to a round once. Whoever has the token says so to all, and
until when.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from protocol import serial_number
from protocol.node import ClaimMade
from protocol.node_base import Handler
from protocol.packets import (
    BROADCAST,
    MUSTER,
    Claim,
    DropReason,
    Frame,
    FrameType,
    Hello,
    Network,
    Sign,
    Token,
)
from protocol.ring_parts import UNVISITED_ROUNDS, Phase
from protocol.ring_turns import Turns
from protocol.token_order import is_newer, made_after, passed_on


class TokenRingNode(Turns):
    """One node. `metrics` are what its sensors measure, `order` is the ring's if it is configured.

    `readings_asked`: this node wants to hear everybody's readings. `first_counter` must not repeat recent
    ones after a restart; `first_version` is the first round of a ring that begins with this node.
    """

    # --- the seam ----------------------------------------------------------------------------------------

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        if self._has_left:
            return
        if self._muster_ms is not None and self._muster_ms <= now_ms:
            self._end_muster()
        if self._phase_ms is not None and self._phase_ms <= now_ms:
            self._end_phase(now_ms)
        if self._claim_epoch is not None:
            self._go_on_claiming(self._claim_epoch, now_ms)
        elif self.held is None and self._watch.lost_ms <= now_ms:
            self._claim(now_ms)
        if self._hello_ms is not None and self._hello_ms <= now_ms:
            self._say_hello(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        if self.phase is not Phase.MEASURING or self.held is None or self.held.version != version:
            return False
        self._sensor.answered(now_ms - self._measuring_ms)
        self._add(self._pairs(readings), now_ms)
        return True

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave. A token that it holds is lost."""
        super().leave(now_ms)
        self.held, self.phase, self._sign_ms = None, Phase.NONE, None

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        if self._has_left:
            return self._queue.next_due_ms()
        times_ms = [self._queue.next_due_ms(), self._sign_ms, self._phase_ms, self._hello_ms, self._muster_ms]
        if self._claim_epoch is not None:
            times_ms += [self._claim_ms, self._claim_again_ms]
        elif self.held is None:
            times_ms.append(self._watch.lost_ms)
        return min((time_ms for time_ms in times_ms if time_ms is not None), default=None)

    # --- the token ---------------------------------------------------------------------------------------

    def _end_phase(self, now_ms: int) -> None:
        match self.phase:
            case Phase.MEASURING:
                self._end_measuring(now_ms)
            case Phase.PASSING:
                self._no_sign(now_ms)
            case Phase.MUSTERING:
                self._pass_on(now_ms)
            case _:
                self._begin_round(now_ms)

    def _on_token(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Token)
        self._hear(frame.source)
        if is_newer(frame.payload.id, self.newest):
            self._take(frame.source, frame.payload, now_ms)
        else:
            self._refuse(frame.source, now_ms)

    def _on_sign(self, frame: Frame, now_ms: int) -> None:
        sign = frame.payload
        assert isinstance(sign, Sign)
        self._hear(frame.source)
        self._know_version(sign.version)
        if self._is_older(sign.id):
            if sign.hold_ms and self.held is not None:
                self._sign_ms = now_ms  # the older token is to die now, not at the next round
            return
        if self.held is not None and is_newer(sign.id, self.held.id):
            if self.phase is Phase.PASSING and not is_newer(passed_on(self.held.id), sign.id):
                self._is_passed(frame.source, sign.id, now_ms)
            else:
                self._give_up_for(sign.id, now_ms)
        is_known = sign.id.epoch == self.newest.epoch
        self.newest = sign.id
        self._heed(frame.source, sign, now_ms, is_known)

    def _heed(self, source: int, sign: Sign, now_ms: int, is_known: bool) -> None:
        """A sign of the newest token: it lives, and perhaps without this node."""
        self._claim_epoch = None
        if sign.hold_ms:
            self._last_holder = source
            next_ms = max(now_ms + sign.hold_ms, self._quiet_ms)
            self._watch.heard(now_ms, next_ms, self._pace, is_known)
        else:
            self._watch.wait_longer(now_ms, self._pace)
        if sign.passed_over == MUSTER:
            self._begin_muster(now_ms)
            self._hello_ms = now_ms + self._jitter.below(self._spread_ms(self._timing.peers.hello_spread_ms))
            return
        self._lose(sign.passed_over, "was passed over")
        unvisited = serial_number.distance(sign.version, self._visited_version)
        if sign.passed_over == self.node_id or unvisited >= UNVISITED_ROUNDS:
            self._say_hello_soon(now_ms)

    def _on_hello(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Hello)
        if frame.payload.network != Network.RING:
            self._drop(DropReason.STATE, frame.source)
            return
        self._hear(frame.source)
        self._know_version(frame.payload.version)
        if self.held is not None:
            self._sign_ms = now_ms

    def _on_goodbye(self, frame: Frame, now_ms: int) -> None:
        """A node leaves, and a token that it has is lost (12.5)."""
        self._lose(frame.source, "has said goodbye")
        if self.phase is Phase.PASSING and frame.source == self._successor:
            self._phase_ms = now_ms
        elif self.held is None and frame.source == self._last_holder:
            self._watch.wait_until(now_ms, self._pace)

    # --- claims ------------------------------------------------------------------------------------------

    @property
    def _claim_wait_ms(self) -> int:
        return max(self._timing.claim_least_ms, 3 * self._ack_timeout_ms)

    def _claim(self, now_ms: int) -> None:
        self._claim_epoch = made_after(self.newest, self.node_id).epoch
        self._claim_ms = now_ms + self._claim_wait_ms
        self._claim_again_ms = now_ms + self._claim_wait_ms // 2
        self._events.append(ClaimMade(self._claim_epoch))
        self._say_claim(self._claim_epoch, now_ms)

    def _say_claim(self, epoch: int, now_ms: int) -> None:
        self._put(FrameType.CLAIM, BROADCAST, Claim(epoch, self._version), now_ms)

    def _go_on_claiming(self, epoch: int, now_ms: int) -> None:
        if self._claim_ms <= now_ms:
            self._claim_epoch = None
            self._make_token(epoch, now_ms)
        elif self._claim_again_ms <= now_ms:
            self._claim_again_ms = self._claim_ms
            self._say_claim(epoch, now_ms)

    def _on_claim(self, frame: Frame, now_ms: int) -> None:
        claim = frame.payload
        assert isinstance(claim, Claim)
        self._hear(frame.source)
        self._know_version(claim.version)
        own = self._claim_epoch
        if self.held is not None:
            if serial_number.distance(claim.epoch, self.held.id.epoch) <= 1:
                self._sign_ms = now_ms
        elif own is None:
            if serial_number.is_newer(claim.epoch, self.newest.epoch):
                self._watch.wait_longer(now_ms + 2 * self._claim_wait_ms, self._pace)
        elif serial_number.is_newer(claim.epoch, own) or (claim.epoch == own and frame.source > self.node_id):
            self._claim_epoch = None
            self._watch.wait_until(now_ms + 2 * self._claim_wait_ms, self._pace)
        else:
            self._say_claim(own, now_ms)

    _HANDLERS: ClassVar[Mapping[FrameType, Handler]] = {
        FrameType.TOKEN: _on_token,
        FrameType.SIGN: _on_sign,
        FrameType.CLAIM: _on_claim,
        FrameType.HELLO: _on_hello,
        FrameType.GOODBYE: _on_goodbye,
    }
