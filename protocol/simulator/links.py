"""Which links work now: those that propagation gives, less what is cut or kept apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from protocol.simulator.faults import Cut, Heal, Merge, Partition
from protocol.simulator.propagation import Listeners
from protocol.simulator.station import Station


class Links:
    """Directed links (speaker, listener), as propagation gives them; those of `never` do not work at all."""

    def __init__(self, listeners: Listeners, never: Iterable[tuple[int, int]] = ()) -> None:
        self._listeners = listeners
        self._never = frozenset(never)
        self._cut: set[tuple[int, int]] = set()
        self._group: Mapping[int, int] = {}
        self.partition: Partition | None = None  # what keeps groups apart now

    @property
    def cut(self) -> frozenset[tuple[int, int]]:
        """The links that were cut and have not healed."""
        return frozenset(self._cut)

    @property
    def listeners(self) -> Listeners:
        """For every node the nodes that hear it now, in id order."""
        broken, group = self._never | self._cut, self._group
        if not broken and not group:
            return self._listeners
        return {
            speaker: tuple(
                listener
                for listener in listeners
                if (speaker, listener) not in broken and group.get(speaker) == group.get(listener)
            )
            for speaker, listeners in self._listeners.items()
        }

    def apply(self, action: Cut | Heal | Partition | Merge) -> None:
        """Let that happen to the links."""
        match action:
            case Cut(a, b, one_way):
                self._cut |= {(a, b)} if one_way else {(a, b), (b, a)}
            case Heal(a, b):
                self._cut -= {(a, b), (b, a)}
            case Partition(groups):
                self.partition = action
                self._group = {node: index for index, group in enumerate(groups) for node in group}
            case Merge():
                self.partition = None
                self._group = {}

    def wire(self, stations: Mapping[int, Station]) -> None:
        """Tell every station whom it reaches and whom it hears."""
        hears: defaultdict[int, list[Station]] = defaultdict(list)
        for speaker, listeners in self.listeners.items():
            station = stations[speaker]
            station.listeners = {listener: stations[listener] for listener in listeners}
            for listener in listeners:
                hears[listener].append(station)
        for node_id, station in stations.items():
            station.hears = tuple(hears[node_id])
