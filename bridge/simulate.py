"""`treering simulate`: a field in virtual time, a line for every finished round."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bridge.access import OPEN, Access, RecordOpener
from bridge.capture_file import CaptureFile
from bridge.cores import Core, core_of
from bridge.errors import TreeringError, UsageError
from bridge.field_warnings import warnings_of
from bridge.keys_file import NetworkKeys, write_keys
from bridge.report import log_to_stderr
from bridge.rows import print_board, print_readings, print_row
from bridge.scenario_options import (
    add_field_arguments,
    add_network_arguments,
    add_node_arguments,
    add_radio_arguments,
    add_run_arguments,
    add_scenario_argument,
    scenario_of,
)
from protocol.capture import Record
from protocol.observer import Observer, ReadingsSeen, RoundRow
from protocol.packets import decode
from protocol.simulator import scenario_run
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.scenario import AVR, BOARD_GATEWAY, Scenario
from protocol.simulator.sealed_nodes import master_key_of
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.tally import Tally

HELP = "run a field in virtual time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering simulate`."""
    add_scenario_argument(parser)
    add_field_arguments(parser)
    add_radio_arguments(parser)
    add_network_arguments(parser)
    add_node_arguments(parser)
    add_run_arguments(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--capture", metavar="FILE", help="write every frame to this packet log (pcapng)")
    output.add_argument(
        "--truth", action="store_true", help="add every reading and whose are counted (with --json)"
    )
    output.add_argument(
        "--boards",
        action="store_true",
        help="at the end, what each emulated board has done (with --core avr)",
    )
    output.add_argument(
        "--pty",
        metavar="PATH",
        help="the gateway's line to its host is a serial port there, and the field runs in real time"
        " (with --gateway mega)",
    )
    output.add_argument("--json", action="store_true", help="one JSON object a round and metric")


def run(args: argparse.Namespace) -> int:
    """Run it; 1 if rounds are missing, or records in the log.

    Raises UsageError for what cannot be run, TreeringError if the protocol breaks a promise.
    """
    log_to_stderr()
    scenario = scenario_of(args)
    _check_output(args, scenario)
    access = access_to(scenario)
    core = core_of(scenario)
    scenario = core.scenario
    takers: list[Callable[[Record], None]] = []
    summaries: list[RoundSummary] = []
    simulation = simulation_of(
        scenario, core, on_record=lambda record: _hand_to(takers, record), on_round=summaries.append
    )
    for warning in warnings_of(scenario, simulation):
        _tell(warning)
    with ExitStack() as stack:
        if args.capture is not None:
            log = _open_log(args.capture, stack)
            takers.append(log.write)
            if access.keys is not None:
                _keep_keys(access.keys, log.path, "the log is sealed")
        if args.pty is not None:
            core.open_host_line(Path(args.pty), stack)
            if access.keys is not None:
                _keep_keys(access.keys, Path(args.pty), "the network is sealed")
        opener = RecordOpener(access)
        print_seen = partial(_print_seen, args, scenario, simulation, Observer())
        takers.append(lambda record: _open_for(print_seen, opener, record))
        try:
            simulation.run(scenario.rounds)
        except InvariantViolation as it:
            where = f"seed {it.seed}, round {it.round}"
            raise TreeringError(f"{where}: {it.what}; {args.command_line} replays it") from it
        except core.failures as error:
            raise TreeringError(str(error)) from error
        is_kept = args.capture is None or log.is_recording
    if summaries and not args.json:
        _tell(summary_line(Tally(summaries, scenario.rounds)))
    if args.boards and core.boards is not None:
        for report in core.boards.finish():
            print_board(report.as_dict(), as_json=args.json)
    if simulation.rounds_finished < scenario.rounds:
        missing = scenario.rounds - simulation.rounds_finished
        _tell(f"{missing} of {scenario.rounds} rounds did not finish; {scenario.kind.missing}")
        return 1
    return 0 if is_kept else 1


def _check_output(args: argparse.Namespace, scenario: Scenario) -> None:
    """Raises UsageError for options that do not go together."""
    if args.truth and not args.json:
        raise UsageError("--truth adds to the JSON objects; give --json as well")
    if args.boards and scenario.core != AVR:
        raise UsageError(f"--boards tells of emulated boards; give --core {AVR} as well")
    if args.pty is not None and scenario.gateway != BOARD_GATEWAY:
        raise UsageError(f"--pty is a gateway's line to its host; give --gateway {BOARD_GATEWAY} as well")


def simulation_of(
    scenario: Scenario,
    core: Core | None = None,
    *,
    on_record: Callable[[Record], None] | None = None,
    on_round: Callable[[RoundSummary], None] | None = None,
) -> Simulation:
    """The scenario, ready to run, on that core or on a new one. Raises UsageError for what cannot be run."""
    core = core or core_of(scenario)
    try:
        simulation = scenario_run.simulation_of(
            core.scenario, on_record=on_record, on_round=on_round, nodes_of=core.nodes_of
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    core.attach(simulation)
    return simulation


def summary_line(tally: Tally) -> str:
    """The run as people read it."""
    traffic, per_node = tally.traffic, max(1, tally.node_rounds)
    return (
        f"coverage {100 * tally.coverage:.2f} % of reachable nodes,"
        f" {tally.whole} of {tally.due} rounds whole;"
        f" latency median {tally.latency_ms(0.5)} ms, p99 {tally.latency_ms(0.99)} ms;"
        f" a node and round: {traffic.frames / per_node:.2f} frames, {traffic.bytes / per_node:.1f} bytes,"
        f" {traffic.energy_mj / per_node:.2f} mJ on the air"
    )


def _truth(simulation: Simulation, row: RoundRow, result: Record) -> dict[str, object]:
    readings = simulation.truth.readings(row.metric_id, row.version)
    contributors = simulation.truth.contributors(decode(result.frame).source, row.version)
    return {"readings": {str(node): raw for node, raw in readings.items()}, "contributors": contributors}


def _tell(text: str) -> None:
    print(f"treering: {text}", file=sys.stderr)


def _open_log(path: str, stack: ExitStack) -> CaptureFile:
    log = CaptureFile(path)
    stack.callback(log.close)
    if log.path != Path(path):
        _tell(f"{path} exists and is kept; the log is {log.path}")
    return log


def access_to(scenario: Scenario) -> Access:
    """The keys of the scenario's nodes, to read what they send."""
    if not scenario.sealed:
        return OPEN
    return Access(NetworkKeys(f"simulated, seed {scenario.seed}", 0, master=master_key_of(scenario.seed)))


def _keep_keys(keys: NetworkKeys, beside: Path, what: str) -> None:
    """Beside what cannot be read without."""
    path = beside.with_suffix(".keys.toml")
    write_keys(path, keys)
    _tell(f"{what}; its keys are in {path}")


def _open_for(take: Callable[[Record], None], opener: RecordOpener, record: Record) -> None:
    if (opened := opener.open(record)) is not None:
        take(opened)


def _hand_to(takers: Iterable[Callable[[Record], None]], record: Record) -> None:
    for take in takers:
        take(record)


def _print_seen(
    args: argparse.Namespace,
    scenario: Scenario,
    simulation: Simulation,
    observer: Observer,
    record: Record,
) -> None:
    for observation in observer.observe(record):
        if isinstance(observation, ReadingsSeen) and scenario.readings:
            print_readings(observation, observer.round_number(observation.version), as_json=args.json)
        elif isinstance(observation, RoundRow):
            extra = _truth(simulation, observation, record) if args.truth else {}
            print_row(observation, as_json=args.json, extra=extra)
