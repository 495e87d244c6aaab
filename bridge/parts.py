"""What a service runs, by the settings that each part was started with: a reload changes what has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable

Stop = Callable[[], Awaitable[None]]
Start = Callable[[Hashable], Awaitable[Stop]]


class Parts:
    """Parts run from the `become` that first wants their settings to the one that wants them no more.

    Settings are values: two that are equal are the same part.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._running: dict[Hashable, Stop] = {}

    @property
    def settings(self) -> list[Hashable]:
        """Of what runs, in the order in which it was started."""
        return list(self._running)

    async def become(
        self, wanted: Iterable[Hashable], on_failure: Callable[[Hashable, Exception], None] | None = None
    ) -> None:
        """Stop what is not wanted, the last first, and then start what is new, in order.

        What `start` raises is raised, or told to `on_failure`, and the other parts go on.
        """
        wanted = list(dict.fromkeys(wanted))
        for settings in reversed(self.settings):
            if settings not in wanted:
                await self._running.pop(settings)()
        for settings in wanted:
            if settings in self._running:
                continue
            try:
                self._running[settings] = await self._start(settings)
            except Exception as error:
                if on_failure is None:
                    raise
                on_failure(settings, error)
