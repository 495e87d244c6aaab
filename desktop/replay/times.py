"""When each record of a log was: times that never go back, as the model's own do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop.model.columns import Column


class Times:
    """The newest time of a log after each of its records. Where links were merged, times may go back."""

    def __init__(self) -> None:
        self._values: NDArray[np.int64] = np.empty(0, np.int64)
        self._own: Column | None = None  # from the first time that went back on

    def __len__(self) -> int:
        return len(self._values)

    def follow(self, time_us: NDArray[np.int64]) -> bool:
        """Take the times of all records of a log that has grown; False if it is another log."""
        known = len(self)
        is_same = len(time_us) >= known
        if not is_same:
            known, self._own, self._values = 0, None, time_us[:0]
        new = time_us[known:]
        continues = not known or not len(new) or new[0] >= self._values[-1]
        if self._own is None and continues and bool(np.all(new[1:] >= new[:-1])):
            self._values = time_us
        elif len(new):
            self._add(new)
        return is_same

    def _add(self, new: NDArray[np.int64]) -> None:
        if self._own is None:
            self._own = Column(np.int64)
            self._own.extend(self._values)
        newest = np.maximum.accumulate(new)
        self._own.extend(np.maximum(newest, self._values[-1]) if len(self) else newest)
        self._values = self._own.values

    @property
    def start_us(self) -> int:
        """The first; 0 if there is none."""
        return int(self._values[0]) if len(self) else 0

    @property
    def end_us(self) -> int:
        """The last; 0 if there is none."""
        return int(self._values[-1]) if len(self) else 0

    def at(self, records: int) -> int:
        """The time after so many records; at 0 that of the first."""
        return int(self._values[max(0, min(records, len(self)) - 1)]) if len(self) else 0

    def records_until(self, time_us: float) -> int:
        """How many records there were by then."""
        return int(np.searchsorted(self._values, time_us, side="right"))
