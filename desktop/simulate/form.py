"""What a person fills in to simulate a field, and the scenario that it makes. No tkinter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bridge.scenarios import read_scenario, read_topology
from desktop.network.plan import Picture
from desktop.network.plan_file import picture_of
from protocol.packets import MAX_NODE_ID
from protocol.simulator.medium import Quality
from protocol.simulator.networks import NETWORKS
from protocol.simulator.scenario import (
    CORES,
    MAX_ROUNDS,
    PYTHON,
    Field,
    Given,
    Grid,
    Scattered,
    Scenario,
    parse_size,
)
from protocol.simulator.topology_files import MOST_M
from protocol.timing import MAX_PERIOD_MS

GRID, RANDOM, FILE = FIELDS = ("Grid", "Random", "File")
_MOST_SPEED = 1_000.0


class FormError(ValueError):
    """One answer cannot be used; the message says which, and what would do."""


@dataclass(frozen=True, slots=True)
class Form:
    """The answers as they are typed. A file (scenario, field or topology) says all but core and speed."""

    field: str = GRID
    grid: str = "4x4"
    spacing_m: str = "10"
    nodes: str = "50"
    area_m: str = "100 x 70"
    range_m: str = ""
    file: str = ""
    network: str = "tree"
    period_s: str = "5"
    loss_percent: str = "5"
    seed: str = "1"
    core: str = PYTHON
    speed: str = "1"

    @property
    def pace(self) -> float:
        """Seconds of the field in one of ours. Raises FormError."""
        return _number("Speed", self.speed, 0.01, _MOST_SPEED)

    @property
    def title(self) -> str:
        """What the session is called."""
        if self.field == FILE:
            return f"Simulated {Path(self.file).name}"
        size = self.grid if self.field == GRID else f"{self.nodes} nodes"
        return f"Simulated {self.network}, {size}"

    def picture(self) -> Picture | None:
        """What lies below the plan of the field, if its file names a picture. Raises UsageError."""
        path = Path(self.file)
        return picture_of(path) if self.field == FILE and path.suffix == ".toml" and path.is_file() else None

    def scenario(self) -> Scenario:
        """Raises FormError for an answer that cannot be used, UsageError for a file."""
        if self.core not in CORES:
            raise FormError(f"Core: there are {', '.join(CORES)}")
        if self.field == FILE:
            return replace(_read(self.file), rounds=MAX_ROUNDS, core=self.core)
        if self.network not in NETWORKS:
            raise FormError(f"Network: there are {', '.join(NETWORKS)}")
        period_s = _number("Round every (s)", self.period_s, 0.1, MAX_PERIOD_MS / 1000)
        loss = _number("Frames lost (%)", self.loss_percent, 0, 100) / 100
        scenario = Scenario(
            field=self._field(),
            rounds=MAX_ROUNDS,
            period_ms=round(period_s * 1000),
            seed=round(_number("Seed", self.seed, -(1 << 63), (1 << 63) - 1)),
            network=self.network,
            readings=not NETWORKS[self.network].has_root and self.core == PYTHON,
            core=self.core,
        )
        return replace(scenario, air=replace(scenario.air, quality=Quality(loss=loss)))

    def _field(self) -> Field:
        range_m = _number("Range (m)", self.range_m, 0.01, MOST_M) if self.range_m.strip() else None
        if self.field == GRID:
            try:
                columns, rows = parse_size(self.grid.replace(" ", ""))
            except ValueError as error:
                raise FormError(f"Columns × rows: {error}; write 4x4") from error
            return Grid(columns, rows, _number("Spacing (m)", self.spacing_m, 0.01, MOST_M), range_m)
        width, _, height = self.area_m.lower().partition("x")
        return Scattered(
            round(_number("Nodes", self.nodes, 1, MAX_NODE_ID)),
            _number("Area (m, width)", width, 0.01, MOST_M),
            _number("Area (m, height)", height, 0.01, MOST_M),
            range_m,
        )


def _read(file: str) -> Scenario:
    if not file.strip():
        raise FormError("File: choose a scenario, a field or a topology")
    if Path(file).suffix == ".toml" or not Path(file).exists():
        return read_scenario(file)
    return Scenario(field=Given(read_topology(file)))


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise FormError(f"{name}: {text.strip() or 'nothing'!r} is no number") from error
    if not least <= value <= most:
        raise FormError(f"{name}: {text.strip()} is not from {least:g} to {most:g}")
    return value
