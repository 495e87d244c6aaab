"""Python's search for cycles of garbage, kept to the main thread.

Tk's variables and images tell Tk when they go, and may do so from the main thread alone; but Python looks for
cycles in whichever thread happens to make the next object.
"""

from __future__ import annotations

import gc
import time
import tkinter as tk

_LOOK_MS = 100
_LEAST_WAIT_S, _LEAST_WAITS = 10.0, 500  # before all is searched again: this, and so many times what it took


class MainThreadGarbage:
    """Until `end` cycles are looked for here, by Python's own thresholds, and by nobody else."""

    def __init__(self, root: tk.Misc) -> None:
        self._root = root
        self._next_full_s = time.monotonic() + _LEAST_WAIT_S
        gc.disable()
        root.after(_LOOK_MS, self._look)

    def settle(self) -> None:
        """What there is now stays as long as the window: some 100,000 objects to be searched no more."""
        gc.collect()
        gc.freeze()

    def end(self) -> None:
        """The root is gone: take what is left, and let Python do it by itself again."""
        gc.unfreeze()
        gc.collect()
        gc.enable()

    def _look(self) -> None:
        self._root.after(_LOOK_MS, self._look)
        young, middle, old = (
            count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        started_s = time.monotonic()
        if old and started_s >= self._next_full_s:
            gc.collect()
            took_s = time.monotonic() - started_s
            self._next_full_s = started_s + max(_LEAST_WAIT_S, _LEAST_WAITS * took_s)
        elif young:
            gc.collect(1 if middle else 0)
