"""What a node's actuators do, and that they go back to a safe value on silence (PROTOCOL.md 14.3)."""

from __future__ import annotations

from collections.abc import Sequence

DEFAULT_HOLD_S = 60


class Actuators:
    """Actuators 0, 1, ..., one for each of the `safe_values`, where they start; `values` are as they are now.

    Without a command for `default_hold_s`, or for as long as the command itself says, one is silent: it goes
    back to its safe value.
    """

    def __init__(self, safe_values: Sequence[int] = (), default_hold_s: int = DEFAULT_HOLD_S) -> None:
        self.safe_values = list(safe_values)
        self.default_hold_s = default_hold_s
        self.values = list(safe_values)
        self._held_until_ms: list[int | None] = [None] * len(self.values)

    def command(self, actuator: int, value: int, hold_s: int, now_ms: int) -> None:
        """Takes a command; hold 0 means the default. Raises IndexError for an actuator that there is not."""
        self.values[actuator] = value
        self._held_until_ms[actuator] = now_ms + 1000 * (hold_s or self.default_hold_s)

    def next_deadline(self) -> int | None:
        """When the first command ends."""
        return min((until for until in self._held_until_ms if until is not None), default=None)

    def take_silent(self, now_ms: int) -> list[int]:
        """The actuators whose command is over now; they are at their safe value again."""
        silent = [
            actuator
            for actuator, until_ms in enumerate(self._held_until_ms)
            if until_ms is not None and until_ms <= now_ms
        ]
        for actuator in silent:
            self.values[actuator], self._held_until_ms[actuator] = self.safe_values[actuator], None
        return silent
