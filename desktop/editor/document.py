"""A field as a person draws it: an immutable value. Metres; y grows downwards, as on the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from firmware.field.description import Board, Role
from protocol.packets import Network
from protocol.simulator.propagation import Disk, FreeSpace, Ideal

FIRST_ID = 1
DEFAULT_RANGE_M = 20.0
DEFAULT_PERIOD_S = 5.0
DEFAULT_SEED = 1

Medium = Ideal | Disk | FreeSpace


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node; `key` is its own in this app, whatever its id, and in no file.

    None: `range_m` is the field's, `neighbours` are all, and the others are as the node is built.
    """

    key: int = field(compare=False)
    id: int
    x_m: float
    y_m: float
    z_m: float = 0.0
    range_m: float | None = None
    board: Board = Board.UNO
    roles: frozenset[Role] = frozenset({Role.SENSOR})
    sensors: tuple[str, ...] = ()
    neighbours: tuple[int, ...] | None = None
    safe_value: int | None = None
    hold_s: int | None = None
    air_baud: int | None = None


@dataclass(frozen=True, slots=True)
class Background:
    """A picture below the plan: its path from the file of the field, and where its top left corner is."""

    image: str
    m_per_px: float
    x_m: float = 0.0
    y_m: float = 0.0

    def path(self, field: Path | None) -> Path:
        """The picture's file; relative paths are from the folder of the field's."""
        return Path(self.image) if field is None else field.parent / self.image


@dataclass(frozen=True, slots=True)
class FieldDocument:
    """All that a file of a field says. Ids may be there twice while a person works; keys never are.

    `order` is that of a ring or of standbys. `heading` are the comments that the file begins with. `rest` is
    what the editor has no form for, as TOML values: the tables run, link and fault, and of radio what is
    neither medium nor loss.
    """

    name: str = "field"
    network: Network = Network.TREE
    period_s: float = DEFAULT_PERIOD_S
    is_open: bool = False
    controller: int | None = None
    order: tuple[int, ...] = ()
    nodes: tuple[PlanNode, ...] = ()
    medium: Medium = field(default_factory=Disk)
    range_m: float | None = DEFAULT_RANGE_M
    loss: float = 0.0
    background: Background | None = None
    heading: str = ""
    rest: Mapping[str, object] = field(default_factory=dict)

    @property
    def by_key(self) -> dict[int, PlanNode]:
        """The nodes by their keys."""
        return {node.key: node for node in self.nodes}

    @property
    def by_id(self) -> dict[int, PlanNode]:
        """The nodes by their ids; of an id that is there twice, the first."""
        return {node.id: node for node in reversed(self.nodes)}

    @property
    def repeated_ids(self) -> list[int]:
        """The ids that more than one node has."""
        return sorted(node_id for node_id, times in Counter(n.id for n in self.nodes).items() if times > 1)

    @property
    def root(self) -> PlanNode | None:
        """Where results come together in a tree: the first gateway, or while there is none the first node."""
        gateways = (node for node in self.nodes if Role.GATEWAY in node.roles)
        return next(gateways, self.nodes[0] if self.nodes else None)

    @property
    def seed(self) -> int:
        """What the field's shadows are drawn from: the run's."""
        run = self.rest.get("run")
        seed = run.get("seed", DEFAULT_SEED) if isinstance(run, Mapping) else DEFAULT_SEED
        return seed if isinstance(seed, int) else DEFAULT_SEED

    def free_key(self) -> int:
        """A key that no node has."""
        return max((node.key for node in self.nodes), default=0) + 1

    def changed(self, nodes: Iterable[PlanNode]) -> FieldDocument:
        """With these nodes in the place of those of their keys."""
        new = {node.key: node for node in nodes}
        return replace(self, nodes=tuple(new.get(node.key, node) for node in self.nodes))
