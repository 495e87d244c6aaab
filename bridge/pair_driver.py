"""A machine that pairs, on the event loop's clock, between its link, its person and its keys file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from bridge.answers import OnAnswer
from bridge.errors import TreeringError
from bridge.event_loop import failures_raised
from bridge.link import Link, LinkState, one_by_one
from protocol.pairing import Cause, CodeShown, Ended, GiftReceived, Machine, NewMachine, OtherAsked, Paired
from protocol.pairing_gift import Gift

_log = logging.getLogger(__name__)

Ask = Callable[[OnAnswer], None]
Store = Callable[[Gift], None]


class Teller(Protocol):
    """Tells the person at this machine what happens."""

    def show_code(self, code: str) -> None:
        """The code is to be compared now."""

    def tell_other(self, other_id: int) -> None:
        """A machine asks by that id, and is not answered."""


def now_ms() -> int:
    """The running loop's clock."""
    return int(asyncio.get_running_loop().time() * 1000)


def store_nothing(gift: Gift) -> None:
    """Of a holder, whom nobody gives anything."""
    raise AssertionError(f"a holder was given keys of {gift.name}")


class PairDriver:
    """Carries a machine's frames over a link, and what the person here says to the machine.

    `ask` is called when the code is shown; what `store` raises ends the pairing, at the other machine too.
    """

    def __init__(
        self, machine: Machine, link: Link, teller: Teller, ask: Ask, store: Store = store_nothing
    ) -> None:
        self._machine = machine
        self._link = link
        self._teller = teller
        self._ask = ask
        self._store = store
        self._news = asyncio.Event()
        self._store_error: TreeringError | None = None
        self._outcome: Paired | Ended | None = None

    async def run(self, stop: asyncio.Event) -> Paired | Ended:
        """Until it is over, or stopped. Raises what `store` does, LinkError and UsageError."""
        with failures_raised(stop):
            await self._link.start(one_by_one(self._on_frame), _tell_state)
            stopping = asyncio.create_task(self._await_stop(stop))
            try:
                while not self._machine.is_over:
                    self._step()
                    await self._wait()
                self._take_events()
            finally:
                stopping.cancel()
                await self._link.close()
        if self._store_error:
            raise self._store_error
        assert self._outcome is not None  # a machine that is over has said why
        return self._outcome

    def _step(self) -> None:
        self._machine.handle_timer(now_ms())
        self._take_events()
        for frame in self._machine.frames_to_send(now_ms()):
            self._link.send(frame)

    def _take_events(self) -> None:
        while event := self._machine.next_event():
            match event:
                case CodeShown(code):
                    self._teller.show_code(code)
                    self._ask(self._on_answer)
                case OtherAsked(other_id):
                    self._teller.tell_other(other_id)
                case GiftReceived(gift):
                    self._keep(gift)
                case Paired() | Ended():
                    self._outcome = event

    def _keep(self, gift: Gift) -> None:
        assert isinstance(self._machine, NewMachine)  # a holder gets none
        try:
            self._store(gift)
        except TreeringError as error:
            self._store_error = error
            self._machine.give_up(Cause.UNUSABLE, now_ms())
        else:
            self._machine.confirm_stored(now_ms())

    async def _wait(self) -> None:
        """Until a frame or an answer comes, or the next deadline."""
        deadline_ms = self._machine.next_deadline()
        if deadline_ms is None:
            return
        try:
            async with asyncio.timeout(max(0, deadline_ms - now_ms()) / 1000):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    def _on_frame(self, frame: bytes) -> None:
        self._machine.receive(frame, now_ms())
        self._news.set()

    def _on_answer(self, answer: bool | None) -> None:
        if answer:
            self._machine.say_yes(now_ms())
        else:
            self._machine.give_up(Cause.NO_ANSWER if answer is None else Cause.REFUSED, now_ms())
        self._news.set()

    async def _await_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._machine.give_up(Cause.STOPPED, now_ms())
        self._news.set()


def _tell_state(state: LinkState) -> None:
    _log.log(logging.INFO if state.is_up else logging.WARNING, "%s", state)
