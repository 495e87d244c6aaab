"""How fluid the network's view is: 500 nodes, 1,000 frames a second, a dot for each, in a real window.

    xvfb-run -a -s "-screen 0 1280x800x24" python -m benchmarks.network_view [--nodes 500] [--seconds 15]

A simulated field's frames go through the app's model into its view, which fills a window of 1280 x 800; every
picture is waited for (a round trip to the X server). Beside it in the same run is a canvas on which each
packet is an item of its own that moves itself by a timer, with the same tree and the same frames.
"""

from __future__ import annotations

import argparse
import sys
import time
import tkinter as tk
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from desktop.model.model import Changes, Model
from desktop.network.motion import Place
from desktop.network.packets import FLIGHT_S
from desktop.network.plan import Plan
from desktop.network.scenes import scene_of
from desktop.network.view import NetworkView
from desktop.palette import LIGHT, PALETTES
from desktop.window import open_root
from protocol.capture import Record
from protocol.packets import BROADCAST, HOST, peek_header
from protocol.simulator.scenario import Scattered, Scenario
from protocol.simulator.scenario_run import simulation_of

SIZE_PX = 1280, 800
BATCH_S = 0.025  # as the window drains
WARM_UP_S = 2.0
REST_S = 0.0005
PERIOD_MS = 60_000
TARGET_FRAMES_S = 30
ATTACH_NODES, ATTACHES = 100, 30
EM_PX = 13
PEER_STEP_MS = 25


class Shown(Protocol):
    """What is measured."""

    @property
    def frames_drawn(self) -> int:
        """How often something moved so far."""

    @property
    def launched(self) -> int:
        """Dots in all."""


@dataclass
class Run:
    """When pictures were on the screen, and how long the turns of the main loop took that drew them."""

    name: str
    shown_s: list[float] = field(default_factory=list)
    turns_s: list[float] = field(default_factory=list)
    fed: int = 0
    launched: int = 0
    processor_s: float = 0.0

    def report(self) -> float:
        """Print it; frames a second."""
        seconds = self.shown_s[-1] - self.shown_s[0]
        gaps_ms, turns_ms = np.diff(self.shown_s) * 1000, np.array(self.turns_s) * 1000
        rate = len(gaps_ms) / seconds
        print(
            f"{self.name}: {rate:.1f} frames/s, {_spread(gaps_ms)} apart, each drawn in {_spread(turns_ms)}"
        )
        sent = f"{self.launched / seconds:,.0f} dots set off a second"
        share = self.processor_s / seconds
        print(f"    {self.fed / seconds:,.0f} frames/s taken, {sent}, {share:.0%} of a processor")
        return rate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both; 1 if the app's view is below the target."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--rate", type=int, default=1_000, help="frames from node to node a second")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--plan", action="store_true", help="as the nodes stand in the field, not in layers")
    args = parser.parse_args(arguments)
    records, plan = simulated(args.nodes, round((args.seconds + WARM_UP_S + 1) * args.rate))
    root = open_root(LIGHT)
    root.geometry("{}x{}+0+0".format(*SIZE_PX))
    root.update()
    measure_attaching(root)
    print(f"{args.nodes} nodes, {args.rate:,} frames/s, {SIZE_PX[0]} x {SIZE_PX[1]}, {args.seconds:g} s each")
    rate = measured_view(root, records, plan if args.plan else None, args).report()
    peer = measured_peer(root, records, args).report()
    print(f"the view draws {rate / peer:.2f} times the frames of an item for each packet that moves itself")
    root.destroy()
    return 0 if rate >= TARGET_FRAMES_S else 1


def simulated(nodes: int, wanted: int) -> tuple[list[Record], Plan]:
    """The frames of a field from its beginning, so many of them from node to node, and where nodes stand."""
    records: list[Record] = []
    field_ = Scattered(nodes, 100, 70, range_m=max(14.0, 300 / nodes**0.5))
    simulation = simulation_of(Scenario(field=field_, period_ms=PERIOD_MS), on_record=records.append)
    passed = looked = 0
    while passed < wanted + 4 * nodes:
        simulation.advance_to(simulation.now_us + PERIOD_MS * 1000)
        passed += sum(map(is_between_nodes, records[looked:]))
        looked = len(records)
    return records, Plan(simulation.topology.places)


def is_between_nodes(record: Record) -> bool:
    """Whether it has a way on which a dot flies."""
    return peek_header(record.frame)[2] not in (BROADCAST, HOST)


def batches(records: Sequence[Record], rate: int) -> Iterator[list[Record]]:
    """What comes in each BATCH_S if `rate` frames a second go from node to node."""
    batch: list[Record] = []
    count = 0.0
    for record in records:
        batch.append(record)
        count += is_between_nodes(record)
        if count >= rate * BATCH_S:
            count -= rate * BATCH_S
            yield batch
            batch = []


def grown(records: list[Record]) -> tuple[Model, list[Record]]:
    """A model of the field once it stands, and the frames that follow."""
    model = Model()
    at = next(i for i, record in enumerate(records) if record.timestamp_us > PERIOD_MS * 1000)
    model.feed(records[:at])
    return model, records[at:]


def play(
    root: tk.Tk, model: Model, records: Sequence[Record], args: argparse.Namespace, shown: Shown, run: Run
) -> Run:
    """Feed the model at its pace, and note every picture that is on the screen."""
    began_s = time.perf_counter()
    for i, batch in enumerate(batches(records, args.rate)):
        turn_s = time.perf_counter()
        model.feed(batch)
        model.publish()
        run.fed += len(batch)
        while True:
            before = shown.frames_drawn
            root.update()
            end_s = time.perf_counter()
            if shown.frames_drawn > before:
                root.winfo_pointerx()  # when this is answered, all of it is drawn
                end_s = time.perf_counter()
                if end_s - began_s > WARM_UP_S:
                    run.shown_s.append(end_s)
                    run.turns_s.append(end_s - turn_s)
            if end_s - began_s <= WARM_UP_S:
                run.launched, run.fed, run.processor_s = -shown.launched, 0, -time.process_time()
            if end_s >= began_s + (i + 1) * BATCH_S:
                break
            time.sleep(REST_S)
            turn_s = time.perf_counter()
        if end_s - began_s > args.seconds + WARM_UP_S:
            break
    run.launched += shown.launched
    run.processor_s += time.process_time()
    return run


def measured_view(root: tk.Tk, records: list[Record], plan: Plan | None, args: argparse.Namespace) -> Run:
    """The app's own view."""
    model, rest = grown(records)
    view = NetworkView(root)
    view.pack(fill="both", expand=True)
    root.update()
    view.attach(model)
    if plan is not None:
        view.open_plan(plan)
    canvas = view.canvas

    class OfView:
        @property
        def frames_drawn(self) -> int:
            return canvas.frames_drawn

        @property
        def launched(self) -> int:
            return canvas.packets.launched

    run = play(root, model, rest, args, OfView(), Run("the network's view"))
    whole = canvas.packets.frames_a_dot(time.monotonic())
    print(f"{view.node_count} nodes are drawn; a dot stands for {whole:.2f} frames")
    view.destroy()
    return run


def measure_attaching(root: tk.Tk) -> None:
    """What a seek costs this view: another model of the same field is shown."""
    records, _ = simulated(ATTACH_NODES, 3 * ATTACH_NODES)
    view = NetworkView(root)
    view.pack(fill="both", expand=True)
    root.update()
    taken_ms: list[float] = []
    for i in range(ATTACHES + 1):
        model = Model()
        model.feed(records[: len(records) * (i + ATTACHES) // (2 * ATTACHES + 1)])
        root.update()
        began_s = time.perf_counter()
        view.attach(model)
        taken_ms.append((time.perf_counter() - began_s) * 1000)
    print(f"another model of {ATTACH_NODES} nodes is attached in {_spread(np.array(taken_ms[1:]))}")
    view.destroy()


# --- the peer --------------------------------------------------------------------------------------------


class ItemAPacket:
    """A canvas with an oval and a text for each node, a line for each link, and an oval for each packet.

    Each oval moves itself by a timer of its own, and deletes itself in the end.
    """

    def __init__(self, root: tk.Tk, model: Model) -> None:
        palette = PALETTES[LIGHT]
        self.canvas = tk.Canvas(root, background=palette.surface, highlightthickness=0)
        self.canvas.pack(fill="both", expand=True)
        root.update()
        scene = scene_of(model, 0)
        fitted = scene.fit(self.canvas.winfo_width(), self.canvas.winfo_height(), EM_PX)
        self._places, radius = fitted.places, fitted.radius_px
        for link in scene.links(fitted, fitted.places, palette, 1.0).values():
            points = [value for point in link.points for value in point]
            self.canvas.create_line(*points, smooth=True, fill=link.color, width=link.width_px)
        for node, (x, y) in fitted.places.items():
            self.canvas.create_oval(x - radius, y - radius, x + radius, y + radius, fill=palette.joined)
            self.canvas.create_text(x, y, text=str(node), fill=palette.on_node)
        self.launched = 0
        self.frames_drawn = 0
        model.subscribe(self._on_change)

    def _on_change(self, changes: Changes) -> None:
        for source, destination in changes.sent:
            if source in self._places and destination in self._places:
                self.launched += 1
                (x, y), end = self._places[source], self._places[destination]
                item = self.canvas.create_oval(x - 4, y - 4, x + 4, y + 4, fill="#e08a00")
                self._move(item, (x, y), end, time.perf_counter())

    def _move(self, item: int, start: Place, end: Place, began_s: float) -> None:
        share = (time.perf_counter() - began_s) / FLIGHT_S
        if share >= 1:
            self.canvas.delete(item)
            return
        x, y = (a + (b - a) * share for a, b in zip(start, end, strict=True))
        self.canvas.coords(item, x - 4, y - 4, x + 4, y + 4)
        self.frames_drawn += 1
        self.canvas.after(PEER_STEP_MS, self._move, item, start, end, began_s)


def measured_peer(root: tk.Tk, records: list[Record], args: argparse.Namespace) -> Run:
    """An item for each packet."""
    model, rest = grown(records)
    peer = ItemAPacket(root, model)
    run = play(root, model, rest, args, peer, Run("an item for each packet"))
    peer.canvas.destroy()
    return run


def _spread(values_ms: NDArray[np.float64]) -> str:
    return f"p50 {np.percentile(values_ms, 50):.1f} and p99 {np.percentile(values_ms, 99):.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
