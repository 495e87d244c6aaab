"""The demo without a display: as fast as it goes, a line a round, a packet log and a picture."""

from __future__ import annotations

from pathlib import Path

from bridge.capture_file import CaptureFile
from bridge.errors import UsageError
from bridge.rows import print_row
from desktop.model.model import Changes, Model
from desktop.sources.demo import demo_simulation
from protocol.capture import Record
from protocol.packets import Network

LOG_NAME = "treering-demo.pcapng"


def run_headless(rounds: int, out_dir: Path, network: Network = Network.TREE) -> int:
    """Run so many rounds of a demo network; 0, or 1 if not all finished. Raises UsageError."""
    from desktop.plots.picture import save_picture  # matplotlib takes its time: the rounds come first

    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out_dir}: {error.strerror}; name a folder that you may write to") from error
    log = CaptureFile(out_dir / LOG_NAME)
    model = Model()
    model.subscribe(_print_rounds)

    def on_record(record: Record) -> None:
        log.write(record)
        model.feed([record])
        model.publish()

    simulation = demo_simulation(on_record, network)
    simulation.run(rounds)
    log.close()
    picture = log.path.with_suffix(".png")
    try:
        save_picture(model, picture, f"Treering demo after {simulation.rounds_finished} rounds")
    except OSError as error:
        raise UsageError(f"{picture}: {error.strerror}; make room, or name another folder") from error
    print(f"The packet log is {log.path}, the network and the plot are in {picture}.")
    return 0 if simulation.rounds_finished >= rounds else 1


def _print_rounds(changes: Changes) -> None:
    for row in changes.rows[:1]:
        print_row(row, as_json=False)
