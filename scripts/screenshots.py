#!/usr/bin/env python3
"""Make the pictures of the app in docs/ from the running program, on an Xvfb of its own.

    .venv/bin/python scripts/screenshots.py [NAME ...]

The app has a home of its own for that: settings, recordings and what was opened before are nobody's. The
demos run a little faster than usual, until a node has died and the network has closed over it. The bridge is
a real one, with agents of which one says goodbye and one does not. What the tests' journeys look like is in
out/journeys/ after `make test`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageGrab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.displays import xvfb  # noqa: E402
from bridge.access import OPEN  # noqa: E402
from bridge.capture_file import CaptureFile  # noqa: E402
from desktop.palette import DARK, LIGHT  # noqa: E402
from desktop.sources.demo import FIRST_KILL_ROUND, DemoSource, demo_simulation  # noqa: E402
from desktop.sources.log import LogSource  # noqa: E402
from desktop.sources.source import State  # noqa: E402
from protocol.packets import Network  # noqa: E402
from protocol.simulator.topology import scattered  # noqa: E402
from scripts.picture_bridge import AGENTS, DIES, LEAVES, running_bridge  # noqa: E402

if TYPE_CHECKING:
    from desktop.model.model import Model
    from desktop.window import Window

SCREEN = "1280x900"
SPEED = 1.5
ROUND = FIRST_KILL_ROUND + 4
LOG_ROUNDS = 140
FILTER = "type == data and src == 7"
TOTAL_AT = 15  # in these frames
TIMEOUT_S = 60.0
SETTLE_S = 0.5  # for what glides, and for the plots
STEP_S = 0.005
COLORS = 256


class Studio:
    """One window after another, and the pictures of them."""

    def __init__(self, display: str, home: Path) -> None:
        self._display = display
        self.home = home
        self._log: Path | None = None
        self.ends = ExitStack()  # of what runs until the picture is taken

    @property
    def log(self) -> Path:
        """A long run of the demo, as a file with a name that says so."""
        if self._log is None:
            self._log = self.home / "garden.pcapng"
            file = CaptureFile(self._log)
            demo_simulation(file.write).run(LOG_ROUNDS)
            file.close()
        return self._log

    def save(self, window: Window, name: str) -> None:
        """Write what is seen."""
        live(window, SETTLE_S)
        root = window.root
        area = (0, 0, root.winfo_width(), root.winfo_rooty() + root.winfo_height())
        picture = ImageGrab.grab(area, xdisplay=self._display)
        path = ROOT / "docs" / f"{name}.png"
        picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


# --- the pictures -------------------------------------------------------------------------------------------


def start_page(window: Window, studio: Studio) -> None:
    """As somebody sees it who has opened a log before."""
    open_log(window, studio)
    window.close_session()
    live(window, 2 * SETTLE_S)  # ports and bridges are looked for


def tree(window: Window, studio: Studio) -> None:
    """The demo network, over a node that has died."""
    demo(window, Network.TREE, ROUND)


def ring(window: Window, studio: Studio) -> None:
    """A ring that has passed over a dead node, and each node's readings."""
    demo(window, Network.RING, ROUND - 4, speed=1.0, with_panels=True)


def polling(window: Window, studio: Studio) -> None:
    """A primary asks the others."""
    demo(window, Network.POLLING, ROUND - 1, with_panels=True)


def field(window: Window, studio: Studio) -> None:
    """A field that is being drawn: one node is chosen, and some are out of reach."""
    from desktop.editor.document import FieldDocument
    from desktop.editor.edits import add_nodes
    from desktop.editor.feature import EditorFeature

    feature = window.feature(EditorFeature)
    drawn = scattered(24, 60, 40, None, seed=8).places.values()
    document, _ = add_nodes(
        FieldDocument(name="garden", range_m=12), [(place.x_m, place.y_m) for place in drawn]
    )
    feature.editor.open(document, Path("garden.treering.toml"))
    feature.show()
    wait(window, lambda: feature.editor.is_settled, "the findings")
    feature.editor.select({5})
    feature.show()  # as large as the plan is now


def packets(window: Window, studio: Studio) -> None:
    """What node 7 has sent, field by field."""
    from desktop.packets.feature import PacketsFeature

    open_log(window, studio)
    feature = window.feature(PacketsFeature)
    feature.show()
    window.workspace.toggle_alone(feature.view)
    feature.view.filter.apply(FILTER)
    wait(window, lambda: feature.view.table.count > 20, "the filtered")
    feature.view.table.choose(6)
    leaf = feature.view.fields.leaf_at(TOTAL_AT)
    assert leaf is not None
    feature.view.fields.choose(leaf)
    feature.view.focus_list()


def replay(window: Window, studio: Studio) -> None:
    """A log at the time when a node had died, with its whole time below."""
    from desktop.replay.feature import ReplayFeature

    model = open_log(window, studio)
    lost_us = [event.timestamp_us for event in model.events if "is lost" in event.text]
    window.feature(ReplayFeature).seek_time(lost_us[-2] + 1_000_000)


def plots(window: Window, studio: Studio) -> None:
    """Four axes on one time, and the values at two cursors."""
    from desktop.plots.pane import COUNT_LINES, Pane

    open_log(window, studio)
    plot = window.workspace.plot
    window.workspace.select(plot)
    window.workspace.toggle_alone(plot)
    with_nodes = Pane(0, (), with_bounds=False, with_all=True)
    plot.set_panes((Pane(0), with_nodes, Pane(1), Pane(0, COUNT_LINES, with_bounds=False)))
    plot.place_cursor("A", 60.0)
    plot.place_cursor("B", 180.0)


def where(window: Window, studio: Studio) -> None:
    """Where the maximum is, over time."""
    from desktop.plots.feature import PlotsFeature

    open_log(window, studio)
    window.workspace.select(window.feature(PlotsFeature).where)


def bridge_page(window: Window, studio: Studio) -> None:
    """A bridge, while most is well with it."""
    from desktop.bridge_page.feature import BridgeFeature
    from desktop.sources.bridge import BridgeSource

    bridge = studio.ends.enter_context(running_bridge())
    window.start(BridgeSource(bridge.stream, access=OPEN, status_address=bridge.status))
    window.feature(BridgeFeature).toggle()

    def peers(wanted: str) -> Callable[[], bool]:
        view = window.feature(BridgeFeature).page
        return lambda: view.page is not None and wanted in view.page.peers.summary

    wait(window, peers(f"{len(AGENTS) + 1} alive"), "all nodes alive")
    bridge.agents[LEAVES].terminate()
    bridge.agents[DIES].kill()
    wait(window, peers("1 lost"), f"node {DIES} lost")
    live(window, SETTLE_S)


PICTURES: dict[str, tuple[str, Callable[[Window, Studio], None]]] = {
    "start-light": (LIGHT, start_page),
    "app-light": (LIGHT, tree),
    "app-dark": (DARK, tree),
    "ring-light": (LIGHT, ring),
    "polling-dark": (DARK, polling),
    "field-light": (LIGHT, field),
    "packets-light": (LIGHT, packets),
    "replay-dark": (DARK, replay),
    "plots-light": (LIGHT, plots),
    "where-light": (LIGHT, where),
    "bridge-light": (LIGHT, bridge_page),
}


# --- what they share ----------------------------------------------------------------------------------------


def demo(
    window: Window, network: Network, until_round: int, *, speed: float = SPEED, with_panels: bool = False
) -> None:
    """Run it up to the round."""
    workspace = window.workspace
    workspace.select(workspace.panels if with_panels else workspace.plot)
    window.start(DemoSource(network, speed=speed))
    assert window.session is not None
    rows = window.session.model.rows
    wait(window, lambda: len(rows) > 0 and rows[-1].round >= until_round, f"round {until_round}")


def open_log(window: Window, studio: Studio) -> Model:
    """Look at the end of the log; what was then."""
    window.start(LogSource(studio.log))
    session = window.session
    assert session is not None
    replay = session.replay
    assert replay is not None
    wait(window, lambda: replay.is_complete and session.status.state is State.ENDED, "the end of the log")
    return session.viewed


def wait(window: Window, until: Callable[[], bool], what: str) -> None:
    """Let the window live until then."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not until():
        live(window, STEP_S)
        if time.monotonic() > deadline_s:
            sys.exit(f"screenshots: {what}: not within {TIMEOUT_S:g} s")


def live(window: Window, span_s: float) -> None:
    """Let the window live for so long."""
    end_s = time.monotonic() + span_s
    while time.monotonic() < end_s:
        window.root.update()
        time.sleep(STEP_S)  # the processor is for the nodes, too


def take(name: str, studio: Studio) -> None:
    """A window of its own for each: nothing is left of the one before."""
    from desktop.window import Window, open_root

    mode, show = PICTURES[name]
    window = Window(open_root(LIGHT))
    window.show_theme(mode)
    window.change_settings(confirm_close=False)
    with studio.ends:
        show(window, studio)
        studio.save(window, name)
        window.show_theme(LIGHT)  # or the next root would look for its theme in vain
        live(window, STEP_S)
        window.close()


def main() -> None:
    """Take those that are named, or all."""
    wanted = sys.argv[1:] or list(PICTURES)
    if unknown := set(wanted) - set(PICTURES):
        sys.exit(f"screenshots: {', '.join(sorted(unknown))}: there are {', '.join(PICTURES)}")
    with tempfile.TemporaryDirectory() as home, xvfb(SCREEN) as display:
        os.environ["DISPLAY"] = display
        studio = Studio(display, Path(home))
        for name in wanted:
            for folder in ("CONFIG_HOME", "STATE_HOME", "DOCUMENTS_DIR"):
                os.environ[f"XDG_{folder}"] = f"{home}/{name}/{folder.lower()}"
            take(name, studio)


if __name__ == "__main__":
    main()
