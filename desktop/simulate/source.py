"""Simulated fields as sources of records: they follow the clock, and can be hurt while they run."""

from __future__ import annotations

import queue
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from bridge.access import OPEN, Access
from bridge.cores import NOT_OF_A_BOARD, Core, core_of
from bridge.errors import TreeringError
from bridge.field_warnings import warnings_of
from bridge.simulate import access_to, simulation_of
from desktop.model.words import plural
from desktop.network.plan import Picture
from desktop.simulate.deeds import Deed, Deeds
from desktop.simulate.pace import Pace
from desktop.simulate.words import deed_text
from desktop.sources.source import Put, Report, State, Status, Worker
from protocol.simulator.faults import Action, name_of
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.medium import Quality
from protocol.simulator.scenario import AVR, C, Scenario
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Place

if TYPE_CHECKING:
    from protocol.capture import Record

_STEP_S = 0.02
# At a stretch, then as long a rest. While this thread works, the window's waits for the interpreter at every
# call of Tk: a field that cannot keep up goes half as fast as it might, and the window stays fluid.
_WORK_S = 0.008
_SLICE_US = 2_000


class SimulatedSource(Worker):
    """A field whose time follows the clock's, `speed` of its seconds in one of ours.

    All of it may be called from any thread. `places` are the nodes' in metres; like what the field says of
    itself they are empty until it is built, by the source's thread.
    """

    log = None
    is_simulated = True

    def __init__(self, title: str, *, speed: float = 1.0, access: Access = OPEN) -> None:
        super().__init__(access)
        self.title = title
        self.places: Mapping[int, Place] = {}
        self.picture: Picture | None = None  # that lies below the plan
        self._pace = Pace(speed, time.monotonic())
        self._simulation: Simulation | None = None
        self._deeds: Deeds | None = None
        self._wanted: queue.SimpleQueue[Callable[[Deeds], Iterable[Deed]]] = queue.SimpleQueue()
        self._said = ""
        self._awake = threading.Event()

    # --- for a person ------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """Seconds of the field in one of ours, as wanted."""
        return self._pace.speed

    @property
    def is_paused(self) -> bool:
        """Whether its time stands."""
        return self._pace.is_paused

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """What was done to it, oldest first."""
        return self._deeds.done if self._deeds else ()

    @property
    def alive(self) -> frozenset[int]:
        """The nodes that have power."""
        return self._simulation.alive if self._simulation else frozenset()

    @property
    def frozen(self) -> frozenset[int]:
        """The nodes without power whose memory lasts."""
        return self._simulation.frozen if self._simulation else frozenset()

    @property
    def quality(self) -> Quality:
        """How good every link is now."""
        return self._simulation.quality if self._simulation else Quality()

    @property
    def cut(self) -> frozenset[tuple[int, int]]:
        """The links (speaker, listener) that were cut and have not healed."""
        return self._simulation.cut if self._simulation else frozenset()

    @property
    def is_parted(self) -> bool:
        """Whether groups of nodes are kept apart."""
        return self._simulation is not None and self._simulation.partition is not None

    def neighbours(self, node: int) -> frozenset[int]:
        """Who hears that node now, or would if the link were not cut."""
        if self._simulation is None:
            return frozenset()
        cut = {listener for speaker, listener in self._simulation.cut if speaker == node}
        return frozenset(self._simulation.listeners.get(node, ())) | cut

    def set_speed(self, speed: float) -> None:
        """Go faster or slower."""
        self._pace.speed = speed

    def pause(self) -> None:
        """Let its time stand; what is done to it meanwhile happens all the same."""
        self._pace.is_paused = True

    def resume(self) -> None:
        """Let its time go on."""
        self._pace.is_paused = False

    def refusal(self, kind: type[Action]) -> str:
        """Why such a thing cannot be done to this field; "" if it can."""
        return ""

    def hurt(self, *actions: Action) -> None:
        """Let these happen at once, in that order. What cannot happen becomes a notice."""
        for action in actions:
            self._want(partial(_do, action))

    def undo(self, number: int | None = None) -> None:
        """Take back the deed of that number, or the last that can be."""
        self._want(lambda deeds: deeds.undo(number))

    def _want(self, wanted: Callable[[Deeds], Iterable[Deed]]) -> None:
        self._wanted.put(wanted)
        self._awake.set()

    # --- the source's thread -----------------------------------------------------------------------------

    @abstractmethod
    def build(self, on_record: Callable[[Record], None], report: Report) -> Simulation:
        """The field, ready to run. Raises TreeringError for what cannot be run."""

    @abstractmethod
    def summary(self) -> str:
        """What runs, in a few words."""

    def failure(self, error: Exception) -> str:
        """What has happened, and what to do."""
        return str(error)

    def work(self, put: Put, report: Report) -> None:
        """Let the field's time follow the clock's."""
        report(Status(State.STARTING, "building the field"))
        try:
            simulation = self.build(lambda record: put((record,)), report)
        except TreeringError as error:
            report(Status(State.FAILED, str(error)))
            return
        simulation.advance_to(0)  # the nodes have power, though time may stand
        self._deeds = deeds = Deeds(simulation)
        self._simulation, self.places = simulation, simulation.topology.places
        try:
            while not self.stopping.is_set():
                worked_s = self._advance(simulation)
                self._heed(deeds, report)
                self._tell(report)
                self._awake.wait(worked_s if worked_s >= _WORK_S else _STEP_S)
                self._awake.clear()
        except InvariantViolation as it:
            where = f"seed {it.seed}, round {it.round}"
            text = f"{where}: the protocol broke a promise: {it.what}. {self.failure(it)}"
            report(Status(State.FAILED, text))

    def stop(self) -> None:
        """End, and wait for it."""
        self.stopping.set()
        self._awake.set()
        super().stop()

    def _advance(self, simulation: Simulation) -> float:
        """Run what is due, for a moment at most; how long that took."""
        began_s = time.monotonic()
        due_us = self._pace.due_us(began_s, simulation.now_us)
        worked_s = 0.0
        while simulation.now_us < due_us and worked_s < _WORK_S and not self._awake.is_set():
            simulation.advance_to(min(due_us, simulation.now_us + _SLICE_US))
            worked_s = time.monotonic() - began_s
        return worked_s

    def _heed(self, deeds: Deeds, report: Report) -> None:
        while not self._wanted.empty():
            wanted = self._wanted.get()
            try:
                for deed in wanted(deeds):
                    undoing = "" if deed.undoes is None else "undo: "
                    report(self._status(undoing + deed_text(deed.action)))
            except ValueError as error:
                report(self._status(str(error)))

    def _tell(self, report: Report) -> None:
        status = self._status()
        if status.text != self._said:
            self._said = status.text
            report(status)

    def _status(self, notice: str | None = None) -> Status:
        pace = self._pace
        parts = [self.summary()]
        if pace.is_paused:
            parts.append("paused")
        elif pace.is_late and pace.measured is not None:
            parts.append(f"this computer reaches {_times(pace.measured)} of {_times(pace.speed)}")
        elif pace.speed != 1:
            parts.append(_times(pace.speed))
        return Status(State.RUNNING, ", ".join(parts), notice=notice)


class SimulationSource(SimulatedSource):
    """The field of a scenario, on any core. What it cannot run, and what fails, becomes its status."""

    def __init__(
        self, scenario: Scenario, *, title: str = "", speed: float = 1.0, picture: Picture | None = None
    ) -> None:
        super().__init__(title or f"Simulated {scenario.network}", speed=speed, access=access_to(scenario))
        self.scenario = scenario
        self.picture = picture
        self._core: Core | None = None

    def refusal(self, kind: type[Action]) -> str:
        """What takes a board's memory or clock by itself, no emulated board can do."""
        if self.scenario.core == AVR and issubclass(kind, NOT_OF_A_BOARD):
            return f"an emulated board cannot do this; simulate with the core {C}"
        return ""

    def hurt(self, *actions: Action) -> None:
        """As SimulatedSource.hurt. Raises ValueError for what its core cannot do."""
        for action in actions:
            if why := self.refusal(type(action)):
                raise ValueError(f"{name_of(action)}: {why}")
        super().hurt(*actions)

    def build(self, on_record: Callable[[Record], None], report: Report) -> Simulation:
        """The scenario's field. Raises UsageError for what cannot be run."""
        self._core = core_of(self.scenario)
        simulation = simulation_of(self.scenario, self._core, on_record=on_record)
        for warning in warnings_of(self._core.scenario, simulation):
            report(self._status(warning))
        return simulation

    def summary(self) -> str:
        """How many nodes, on which core, from which seed."""
        scenario = self.scenario
        nodes = plural(scenario.field.size, "simulated node")
        sealed = ", sealed" if scenario.sealed else ""
        return f"{nodes} on the core {scenario.core}{sealed}, seed {scenario.seed}"

    def failure(self, error: Exception) -> str:
        """How to see it again."""
        return "Save the log (Ctrl+S) and report it; the same scenario, seed and deeds show it again"

    def work(self, put: Put, report: Report) -> None:
        """As SimulatedSource.work; boards lose their power in the end."""
        try:
            super().work(put, report)
        except Exception as error:
            if self._core is None or not isinstance(error, self._core.failures):
                raise
            report(
                Status(State.FAILED, f"the core {self.scenario.core} failed: {error}. {self.failure(error)}")
            )
        finally:
            if self._core is not None and self._core.boards is not None:
                self._core.boards.finish()


def _do(action: Action, deeds: Deeds) -> list[Deed]:
    return [deeds.do(action)]


def _times(speed: float) -> str:
    return f"{speed:.2g}x" if speed < 10 else f"{speed:.0f}x"
