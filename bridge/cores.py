"""Which implementation of the nodes a scenario runs: Python, the C core, or the C core on emulated boards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from protocol.aggregate import METRICS
from protocol.settings import MAX_LISTED_NODES
from protocol.simulator.faults import Freeze, Leave, StepClock, Thaw, name_of
from protocol.simulator.scenario import AVR, BOARD_GATEWAY, PYTHON, C, Scenario
from protocol.simulator.scenario_run import NodesOf, nodes_of
from protocol.simulator.sealed_nodes import master_key_of
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology

if TYPE_CHECKING:
    from firmware.native.board import BoardKind
    from firmware.native.boards import Boards
    from firmware.native.eeprom import FieldSettings

# What takes a board's memory or clock by itself, or asks it something.
NOT_OF_A_BOARD = (Freeze, Thaw, StepClock, Leave)


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

    def open_host_line(self, path: Path, stack: ExitStack) -> None:
        """Make the gateway's line to its host a serial port there, while the stack lasts.

        Raises UsageError.
        """
        assert self.boards is not None  # of which one is the gateway
        try:
            from firmware.native.host_line import HostLine

            line = stack.enter_context(HostLine(path))
        except (ImportError, OSError) as error:
            raise UsageError(
                f"{path}: {error}; name a new file, on a system with pseudo-terminals"
            ) from error
        self.boards.connect(line)


def core_of(scenario: Scenario) -> Core:
    """What runs it. Raises UsageError for what its core cannot do, or if that has not been built."""
    if scenario.gateway == BOARD_GATEWAY and (scenario.core != AVR or not scenario.kind.has_root):
        raise UsageError(
            f"a gateway is the root of a tree of boards; give --core {AVR}, or leave --gateway out"
        )
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
        from firmware.native.board import MEGA
        from firmware.native.board_node import BoardError
        from firmware.native.boards import Boards
        from firmware.native.library import NotBuiltError
    except ModuleNotFoundError as error:
        raise _without(error) from error
    _check_boards(scenario)
    try:
        topology = scenario.topology()
        settings = _settings_of(scenario, topology)
        boards = Boards(
            _kind_of(scenario),
            settings=settings,
            make_root=nodes_of(scenario, topology),
            root_kind=MEGA if scenario.gateway == BOARD_GATEWAY else None,
        )
    except (NotBuiltError, ValueError) as error:
        raise UsageError(str(error)) from error
    return Core(
        replace(scenario, metrics=settings.metrics), lambda *_: boards.make_node, boards, (BoardError,)
    )


def _check_boards(scenario: Scenario) -> None:
    """Raises UsageError for what no board can do."""
    from firmware.native.boards import BOARD_PROFILE

    if scenario.profile != BOARD_PROFILE:
        raise UsageError(f"the boards' timers are those of the profile {BOARD_PROFILE}; leave --profile out")
    if not scenario.kind.has_root and scenario.field.size > MAX_LISTED_NODES:
        raise UsageError(
            f"a board in a {scenario.network} knows {MAX_LISTED_NODES} nodes at most; make the field smaller"
        )
    if scenario.readings and scenario.network == "ring":
        raise UsageError("no board asks a ring for everybody's readings; leave --readings out")
    for fault in scenario.faults:
        if isinstance(fault.action, NOT_OF_A_BOARD):
            raise UsageError(f"no board can do {name_of(fault.action)}@{fault.round}; give --core {C}")


def _kind_of(scenario: Scenario) -> BoardKind:
    from firmware.native.board import UNO, UNO_POLLING, UNO_RING

    return {"tree": UNO, "ring": UNO_RING, "polling": UNO_POLLING}[scenario.network]


def _settings_of(scenario: Scenario, topology: Topology) -> FieldSettings:
    """Raises ValueError for what no settings tell a board."""
    from firmware.native.eeprom import MEASURED, FieldSettings, sensors_for

    try:
        sensors = sensors_for(scenario.metrics)
    except ValueError as error:
        names = ", ".join(METRICS[metric].name for measured in MEASURED.values() for metric in measured)
        raise UsageError(f"the boards measure {names} and nothing else; change --metrics") from error
    return FieldSettings(
        network=_kind_of(scenario).network,
        sensors=sensors,
        master=master_key_of(scenario.seed) if scenario.sealed else None,
        gateways=(topology.root,) if scenario.kind.has_root else (),
        order=scenario.order_in(topology),
        period_ms=scenario.period_ms,
    )


def _without(error: ModuleNotFoundError) -> UsageError:
    return UsageError(f"--core c and --core avr need {error.name}; install it: pip install 'treering[cores]'")


_CORES: dict[str, Callable[[Scenario], Core]] = {PYTHON: Core, C: _in_c, AVR: _on_boards}
