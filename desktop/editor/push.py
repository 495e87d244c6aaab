"""What the live nodes are told of a field, how, and how it differs from what is heard. No tkinter.

A controller tells boards of a sealed network by SETTING letters (PROTOCOL.md 14.3) what 16.2 lets it change:
roles, gateways, neighbours, sensors, safe value, hold, period, order. What it may not (id, network, radio
baud, keys), a Pi, which keeps no settings, and whoever is not heard, need provisioning or flashing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.edits import FIRST_ROLES
from desktop.editor.validation import built_field
from desktop.model.model import Standing, TreeNode
from firmware.field.description import Board, Role
from protocol.letters import SETTABLE, Status
from protocol.node import LetterAnswered, LetterUnanswered
from protocol.packets import Network
from protocol.settings import Key, write_value
from protocol.simulator.topology import Place

_AT_NEXT_START = frozenset({Key.ROLES, Key.PERIOD_MS, Key.ORDER})
_SPACING_M = 10.0


@dataclass(frozen=True, slots=True)
class Setting:
    """One letter: what a node is to keep, as bytes, and in words."""

    node_id: int
    key: Key
    value: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a person is shown before anything is sent: what differs, what is sent, and what is not."""

    differences: tuple[str, ...]
    settings: tuple[Setting, ...]
    not_told: tuple[str, ...]


def review(document: FieldDocument, heard: Sequence[TreeNode], network: Network) -> Review:
    """The document beside the nodes that the live network shows."""
    ids = {node.id for node in heard if node.standing not in (Standing.LEFT, Standing.LOST, Standing.MISSING)}
    drawn = document.by_id
    differences = [*_differences(document, ids, network)]
    settings: list[Setting] = []
    not_told: list[str] = []
    for node_id, node in sorted(drawn.items()):
        if node_id not in ids:
            continue
        if node.board.is_arduino:
            settings += settings_of(document, node)
            if node.neighbours is None:
                not_told.append(
                    f"node {node_id} hears all: a filter that it has stays, flash it to take it away"
                )
        elif Role.GATEWAY not in node.roles:
            not_told.append(f"node {node_id} is a Pi, which is told by its files: provision it")
    return Review(tuple(differences), tuple(settings), tuple(not_told))


def settings_of(document: FieldDocument, node: PlanNode) -> list[Setting]:
    """All that a letter may tell that board."""
    settings = built_field(document).settings_of(node.id)
    found = []
    for key in Key:
        value = getattr(settings, key.name.lower())
        if key in SETTABLE and value is not None and value != ():
            found.append(Setting(node.id, key, write_value(key, value), _words(key, value)))
    return found


def _differences(document: FieldDocument, heard: set[int], network: Network) -> Iterator[str]:
    drawn = set(document.by_id)
    if heard and document.network is not network:
        yield (
            f"the field is a {document.network.name.lower()}, and what runs is a {network.name.lower()}:"
            " boards need another image, flash them"
        )
    for node_id in sorted(drawn - heard):
        yield f"node {node_id} is drawn, and not heard"
    for node_id in sorted(heard - drawn):
        yield f"node {node_id} is heard, and not drawn"


def _words(key: Key, value: object) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(getattr(value, "name", value))
    shown = shown.lower().replace("|", ", ") if not shown.isdecimal() else shown
    when = " (at its next start)" if key in _AT_NEXT_START else ""
    return f"{key.name.lower().replace('_', ' ')} = {shown or 'none'}{when}"


class Outcomes:
    """What became of each letter: the answers of a node come in the order of its letters."""

    def __init__(self, settings: Sequence[Setting]) -> None:
        self._waiting: dict[int, list[Setting]] = {}
        for setting in settings:
            self._waiting.setdefault(setting.node_id, []).append(setting)
        self.total = len(settings)
        self.done = 0
        self.failures: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether every letter was answered, or given up."""
        return self.done + len(self.failures) == self.total

    def take(self, event: LetterAnswered | LetterUnanswered) -> None:
        """What a node answered, or that it did not."""
        waiting = self._waiting.get(event.addressee)
        if not waiting:
            return
        setting = waiting.pop(0)
        if isinstance(event, LetterUnanswered):
            self.failures.append(f"node {setting.node_id} does not answer ({setting.text})")
        elif event.status != Status.DONE:
            why = Status(event.status).label if event.status in list(Status) else f"status {event.status}"
            self.failures.append(f"node {setting.node_id} refused {setting.text}: {why}")
        else:
            self.done += 1


# --- the other way -----------------------------------------------------------------------------------------


def taken_over(
    heard: Sequence[TreeNode], network: Network, places: Mapping[int, Place], name: str, period_s: float
) -> FieldDocument:
    """A document of the nodes that are heard: where they stand if that is known, else by hops."""
    nodes = [node for node in sorted(heard, key=lambda node: node.id) if node.standing is not Standing.LEFT]
    root = next((node.id for node in nodes if node.standing in (Standing.ROOT, Standing.PRIMARY)), None)
    spots = _by_hops(nodes)
    drawn = []
    for key, node in enumerate(nodes, 1):
        place = places.get(node.id)
        x_m, y_m = spots[node.id] if place is None else (place.x_m, place.y_m)
        is_root = node.id == root
        drawn.append(
            PlanNode(
                *(key, node.id, x_m, y_m),
                board=Board.PI if is_root else Board.UNO,
                roles=FIRST_ROLES if is_root else frozenset({Role.SENSOR}),
            )
        )
    return FieldDocument(name=name, network=network, period_s=period_s, nodes=tuple(drawn))


def _by_hops(nodes: Sequence[TreeNode]) -> dict[int, tuple[float, float]]:
    """A row for each hop."""
    rows: dict[int, list[int]] = {}
    for node in nodes:
        rows.setdefault(node.hop_count or 0, []).append(node.id)
    return {
        node_id: ((column - (len(row) - 1) / 2) * _SPACING_M, hops * _SPACING_M)
        for hops, row in rows.items()
        for column, node_id in enumerate(row)
    }
