"""How fast a simulated field goes: its time against ours. Pure."""

from __future__ import annotations

# After a sleep of the computer, or while it cannot keep up, the field goes on where it was.
CATCH_UP_S = 0.25
_LOOK_S = 1.5  # so long the speed is measured
_LATE_SHARE = 0.9  # of the speed that is wanted
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)


class Pace:
    """`speed` seconds of the field in one of ours, none while it `is_paused`; `now_s` is a monotone clock."""

    def __init__(self, speed: float, now_s: float) -> None:
        self.speed = speed
        self.is_paused = False
        self.measured: float | None = None  # the speed of late; None until it is known
        self._due_us = 0.0
        self._last_s = now_s
        self._looked: tuple[float, int, float] | None = None  # our time, the field's, and the speed wanted

    @property
    def is_late(self) -> bool:
        """Whether the field is slower than wanted."""
        return self.measured is not None and self.measured < _LATE_SHARE * self.speed

    def due_us(self, now_s: float, field_us: int) -> int:
        """Where the field, which is at `field_us`, should be now."""
        passed_s, self._last_s = now_s - self._last_s, now_s
        if self.is_paused:
            passed_s, self._due_us = 0.0, field_us
        most_us = field_us + CATCH_UP_S * self.speed * 1e6
        self._due_us = min(max(self._due_us, field_us) + passed_s * self.speed * 1e6, most_us)
        self._look(now_s, field_us)
        return round(self._due_us)

    def _look(self, now_s: float, field_us: int) -> None:
        if self.is_paused:
            self._looked = self.measured = None
        elif self._looked is None or self._looked[2] != self.speed:
            self._looked, self.measured = (now_s, field_us, self.speed), None
        elif now_s - self._looked[0] >= _LOOK_S:
            self.measured = (field_us - self._looked[1]) / 1e6 / (now_s - self._looked[0])
            self._looked = now_s, field_us, self.speed


def next_speed(speed: float, step: int) -> float:
    """The next of SPEEDS above (1) or below (-1)."""
    if step > 0:
        return next((one for one in SPEEDS if one > speed), SPEEDS[-1])
    return next((one for one in reversed(SPEEDS) if one < speed), SPEEDS[0])
