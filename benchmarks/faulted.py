"""Plays what goes wrong in a field, at its times: the same for every network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from protocol.simulator import faults
from protocol.simulator.faults import Action
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.simulation import Simulation

# Microseconds, and what happens then.
Timed = tuple[int, tuple[Action, ...]]


def play(
    simulation: Simulation, schedule: Sequence[Timed], rounds: int, happened: Counter[str]
) -> str | None:
    """Run so many rounds, with these faults, counted by name; what broke, if anything did.

    An invariant that is broken ends the run, and so does a node that raises: none may, whatever it receives.
    """
    try:
        for time_us, actions in schedule:
            simulation.advance_to(time_us)
            simulation.apply(*actions)
            happened.update(map(faults.name_of, actions))
        simulation.advance_to(simulation.round_start_ms(rounds + 1) * 1000)
    except InvariantViolation as violation:
        return str(violation)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def lines_of(schedule: Sequence[Timed]) -> Iterator[str]:
    """A line for each time, for people."""
    for time_us, actions in schedule:
        yield f"{time_us / 1e6:.3f} s: {', '.join(map(str, actions))}"
