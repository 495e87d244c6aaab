"""The menu on a node or a link of the network: what can be asked about it, and done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from desktop.network.canvas import NetworkCanvas
from desktop.simulate.hurts import (
    CUT,
    HEAL,
    LINK_LOSS,
    LOSS,
    MERGE,
    OF_NODE,
    PART,
    Ask,
    Hurt,
)
from desktop.simulate.source import SimulatedSource

Known = dict[Ask, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; without anything to do it is a heading, or says why there is no more."""

    text: str
    run: Callable[[], object] | None = None
    is_apart: bool = False  # a line stands above it


def entries(
    canvas: NetworkCanvas, source: SimulatedSource | None, do: Callable[[Hurt, Known], object], refusal: str
) -> Iterator[Entry]:
    """For what the canvas is asked about; `refusal` is why nothing can be done, if there is no source."""
    node, link = canvas.chosen, canvas.link
    if node is not None:
        yield Entry(f"Node {node}: all about it", lambda: canvas.event_generate("<<Open>>"))
    if source is None:
        yield Entry(refusal, is_apart=node is not None)
        return
    if node is not None:
        for hurt in OF_NODE:
            if node in hurt.candidates(source) and not source.refusal(hurt.kind):
                dots = " …" if len(hurt.asks) > 1 else ""
                run = _doing(do, hurt, {Ask.NODE: str(node)})
                yield Entry(f"{hurt.name.replace('node', f'node {node}')}{dots}", run, hurt is OF_NODE[0])
        link = node
    yield from _of_link(canvas, source, do, link)
    for hurt in (LOSS, PART, MERGE):
        if hurt is not MERGE or source.is_parted:
            dots = " …" if hurt.asks else ""
            known = {Ask.GROUP: str(node)} if node is not None and hurt is PART else {}
            yield Entry(f"{hurt.name}{dots}", _doing(do, hurt, known), hurt is LOSS)


def _of_link(
    canvas: NetworkCanvas, source: SimulatedSource, do: Callable[[Hurt, Known], object], node: int | None
) -> Iterator[Entry]:
    above = None if node is None else canvas.scene.ties.get(node)
    if node is not None and above is not None:
        known = {Ask.NODE: str(node), Ask.OTHER: str(above)}
        is_cut = {(node, above), (above, node)} & source.cut
        hurt = HEAL if is_cut else CUT
        yield Entry(f"{hurt.verb} the link {node} – {above}", _doing(do, hurt, known), is_apart=True)
        yield Entry(f"Loss of the link {node} – {above} …", _doing(do, LINK_LOSS, known))
    if node is not None and canvas.chosen is not None:
        for hurt in (CUT, HEAL):
            if hurt is CUT or any(node in link for link in source.cut):
                run = _doing(do, hurt, {Ask.NODE: str(node)})
                yield Entry(
                    f"{hurt.verb} the link from {node} to …", run, is_apart=above is None and hurt is CUT
                )


def _doing(do: Callable[[Hurt, Known], object], hurt: Hurt, known: Known) -> Callable[[], object]:
    return lambda: do(hurt, known)
