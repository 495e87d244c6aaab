"""Which implementation of the nodes a scenario runs: Python, the C core, or the C core on emulated boards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from protocol.aggregate import METRICS
from protocol.simulator.faults import Freeze, Leave, StepClock, Thaw, name_of
from protocol.simulator.scenario import AVR, PYTHON, C, Scenario
from protocol.simulator.scenario_run import NodesOf, nodes_of
from protocol.simulator.simulation import Simulation

if TYPE_CHECKING:
    from firmware.native.boards import Boards

# What takes a board's memory or clock by itself, or asks it something.
_NOT_OF_A_BOARD = (Freeze, Thaw, StepClock, Leave)


@dataclass(frozen=True)
class Core:
    """A scenario as its core runs it, and what makes the nodes."""

    scenario: Scenario
    nodes_of: NodesOf = nodes_of
    boards: Boards | None = None
    failures: tuple[type[Exception], ...] = ()  # what its nodes may raise while they run

    def attach(self, simulation: Simulation) -> None:
        """To be called with the simulation before its run."""
        if self.boards is not None:
            self.boards.attach(simulation)


def core_of(scenario: Scenario) -> Core:
    """What runs it. Raises UsageError for what its core cannot do, or if that has not been built."""
    return _CORES[scenario.core](scenario)


def python_only(scenario: Scenario, what: str) -> None:
    """Raises UsageError if the scenario asks for another core than Python's."""
    if scenario.core != PYTHON:
        raise UsageError(f"{what} runs Python nodes, not --core {scenario.core}; give --core {PYTHON}")


def _in_c(scenario: Scenario) -> Core:
    try:
        from firmware.native.library import NotBuiltError, library
        from firmware.native.member import NativeMember
        from firmware.native.networks import NATIVE_NODES
    except ModuleNotFoundError as error:
        raise _without(error) from error
    try:
        library()
    except NotBuiltError as error:
        raise UsageError(str(error)) from error
    make_node = NATIVE_NODES[scenario.network]
    return Core(scenario, partial(nodes_of, make_node=make_node, make_member=NativeMember))


def _on_boards(scenario: Scenario) -> Core:
    try:
        from firmware.native.boards import BOARD_METRICS, BOARD_PROFILE, BoardError, Boards
        from firmware.native.library import NotBuiltError
    except ModuleNotFoundError as error:
        raise _without(error) from error
    if scenario.network != "tree":
        raise UsageError(f"the boards' firmware is of a tree, not of a {scenario.network}; give --core {C}")
    if scenario.profile != BOARD_PROFILE:
        raise UsageError(f"the boards' timers are those of the profile {BOARD_PROFILE}; leave --profile out")
    if not set(scenario.metrics) <= set(BOARD_METRICS):
        names = ", ".join(METRICS[metric].name for metric in BOARD_METRICS)
        raise UsageError(f"the boards measure {names} and nothing else; leave --metrics out")
    for fault in scenario.faults:
        if isinstance(fault.action, _NOT_OF_A_BOARD):
            raise UsageError(f"no board can do {name_of(fault.action)}@{fault.round}; give --core {C}")
    try:
        boards = Boards()
    except NotBuiltError as error:
        raise UsageError(str(error)) from error
    return Core(replace(scenario, metrics=BOARD_METRICS), lambda _, __: boards.make_node, boards, (BoardError,))


def _without(error: ModuleNotFoundError) -> UsageError:
    return UsageError(f"--core c and --core avr need {error.name}; install it: pip install 'treering[cores]'")


_CORES: dict[str, Callable[[Scenario], Core]] = {PYTHON: Core, C: _in_c, AVR: _on_boards}
