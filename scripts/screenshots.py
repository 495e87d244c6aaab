#!/usr/bin/env python3
"""Make the pictures of the app in docs/ from the running program, on an Xvfb of its own.

    .venv/bin/python scripts/screenshots.py [NAME ...]

The demos run a little faster than usual, until a node has died and the network has closed over it. The
bridge is a real one, with agents of which one says goodbye and one does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageGrab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.displays import xvfb  # noqa: E402
from benchmarks.ports import LOOPBACK, free_port  # noqa: E402
from bridge.access import OPEN  # noqa: E402
from bridge.addresses import Address  # noqa: E402
from desktop.bridge_page.feature import BridgeFeature  # noqa: E402
from desktop.editor.document import FieldDocument  # noqa: E402
from desktop.editor.edits import add_nodes  # noqa: E402
from desktop.palette import DARK, LIGHT  # noqa: E402
from desktop.sources.bridge import BridgeSource  # noqa: E402
from desktop.sources.demo import FIRST_KILL_ROUND, DemoSource  # noqa: E402
from protocol.packets import Network  # noqa: E402
from protocol.simulator.topology import scattered  # noqa: E402

if TYPE_CHECKING:
    from desktop.window import Window

SCREEN = "1280x900"
SPEED = 1.5
ROUND = FIRST_KILL_ROUND + 4
TIMEOUT_S = 60.0
SETTLE_S = 0.5  # for what glides, and for the plots
STEP_S = 0.005
COLORS = 256
QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
COMMAND = (sys.executable, "-m", "desktop.command")
AGENTS = (3, 4, 5, 7, 9, 12, 15, 18)
ACTS, LEAVES, DIES = 7, 12, 18
BRIDGE_TOML = """
name = "garden"
open = true
folder = "state"
[node]
period_s = 2
[udp]
port = {udp}
interface = "{host}"
[tcp]
listen = "{host}:{stream}"
[discovery]
mdns = false
[status]
listen = "{host}:{status}"
[[serial]]
port = "/dev/ttyACM9"
[[csv]]
folder = "csv"
[[mqtt]]
name = "home"
host = "{host}"
port = {nobody}
tls = false
[[actuator]]
name = "fan"
node = 7
hold = "60 s"
[[stream]]
name = "lately"
text = "temperature average over 1 min"
[[rule]]
name = "cooling"
text = "fan on when temperature > 15, off below 12"
[[rule]]
name = "silent"
text = "alarm when any node is stale"
stale_after = "5 min"
"""


@dataclass(frozen=True)
class Shot:
    """One picture: which demo, until which round, in which theme; with the panels instead of the plots."""

    name: str
    network: Network
    round: int
    mode: str
    with_panels: bool = False
    speed: float = SPEED


SHOTS = (
    Shot("app-light", Network.TREE, ROUND, LIGHT),
    Shot("app-dark", Network.TREE, ROUND, DARK),
    Shot("ring-light", Network.RING, ROUND - 4, LIGHT, with_panels=True, speed=1.0),
    Shot("polling-dark", Network.POLLING, ROUND - 1, DARK, with_panels=True),
)
BRIDGE = "bridge-light"
FIELD = "field-light"


def take(window: Window, shot: Shot, display_name: str) -> None:
    """Run the demo up to the round, and write the picture."""
    workspace = window.workspace
    window.show_theme(shot.mode)
    workspace.select(workspace.panels if shot.with_panels else workspace.plot)
    window.start(DemoSource(shot.network, speed=shot.speed))

    def is_there() -> bool:
        assert window.session is not None
        rows = window.session.model.rows
        return bool(rows) and rows[-1].round >= shot.round

    wait(window, is_there, f"{shot.name}: round {shot.round}")
    save(window, shot.name, display_name)


def take_field(window: Window, name: str, display_name: str) -> None:
    """A field that is being drawn: one node is chosen, and some are out of reach."""
    from desktop.editor.feature import EditorFeature

    field = window.feature(EditorFeature)
    window.show_theme(LIGHT)
    drawn = scattered(24, 60, 40, None, seed=8).places.values()
    document, _ = add_nodes(
        FieldDocument(name="garden", range_m=12), [(place.x_m, place.y_m) for place in drawn]
    )
    field.editor.open(document, Path("garden.treering.toml"))
    field.show()
    wait(window, lambda: field.editor.is_settled, name)
    field.editor.select({5})
    field.show()  # as large as the plan is now
    live(window, SETTLE_S)
    save(window, name, display_name)


def take_bridge(name: str, mode: str, display_name: str) -> None:
    """Look at a bridge while most is well with it, and write the picture."""
    from desktop.window import Window, open_root

    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        place = Path(folder)
        stream, status, udp = Address(LOOPBACK, free_port()), Address(LOOPBACK, free_port()), free_port()
        ports = {"stream": stream.port, "status": status.port, "udp": udp, "nobody": free_port()}
        (place / "bridge.toml").write_text(BRIDGE_TOML.format(host=LOOPBACK, **ports), encoding="utf-8")

        (place / "fan").touch()  # where node 7 writes what its actuator is set to

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([*COMMAND, *arguments], cwd=place, **QUIET)
            ends.callback(process.wait)
            ends.callback(process.terminate)
            return process

        def start_agent(node: int) -> subprocess.Popen[bytes]:
            acts = ("--actuator", f'file:path="{place}/fan"', "--controller", "1") if node == ACTS else ()
            where = ("--udp-port", str(udp), "--interface", LOOPBACK)
            return start("agent", "--open", "--id", str(node), *where, *acts)

        start("bridge", "--config", "bridge.toml", "--quiet")
        agents = {node: start_agent(node) for node in AGENTS}
        window = Window(open_root(mode), place / "garden.pcapng")
        ends.callback(window.close)
        window.start(BridgeSource(stream, access=OPEN, status_address=status))
        window.feature(BridgeFeature).toggle()

        def peers(wanted: str) -> Callable[[], bool]:
            view = window.feature(BridgeFeature).page
            return lambda: view.page is not None and wanted in view.page.peers.summary

        wait(window, peers(f"{len(AGENTS) + 1} alive"), f"{name}: all nodes alive")
        agents[LEAVES].terminate()
        agents[DIES].kill()
        wait(window, peers("1 lost"), f"{name}: node {DIES} lost")
        save(window, name, display_name)


def wait(window: Window, until: Callable[[], bool], what: str) -> None:
    """Let the window live until then, and until all has come to rest."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not until():
        live(window, STEP_S)
        if time.monotonic() > deadline_s:
            sys.exit(f"screenshots: {what}: not within {TIMEOUT_S:g} s")
    live(window, SETTLE_S)


def live(window: Window, span_s: float) -> None:
    """Let the window live for so long."""
    end_s = time.monotonic() + span_s
    while time.monotonic() < end_s:
        window.root.update()
        time.sleep(STEP_S)  # the processor is for the nodes, too


def save(window: Window, name: str, display_name: str) -> None:
    """Write what is seen."""
    root = window.root
    area = (0, 0, root.winfo_width(), root.winfo_rooty() + root.winfo_height())
    picture = ImageGrab.grab(area, xdisplay=display_name)
    path = ROOT / "docs" / f"{name}.png"
    picture.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def main() -> None:
    """Take those that are named, or all."""
    wanted = sys.argv[1:] or [*(shot.name for shot in SHOTS), FIELD, BRIDGE]
    with xvfb(SCREEN) as name:
        os.environ["DISPLAY"] = name
        from desktop.window import Window, open_root

        if shots := [shot for shot in SHOTS if shot.name in wanted]:
            window = Window(open_root(LIGHT))
            for shot in shots:
                take(window, shot, name)
            window.close()
        if FIELD in wanted:
            window = Window(open_root(LIGHT))
            take_field(window, FIELD, name)
            window.close()
        if BRIDGE in wanted:
            take_bridge(BRIDGE, LIGHT, name)


if __name__ == "__main__":
    main()
