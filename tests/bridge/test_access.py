"""Commands take part with keys, or in a network that is open and said to be so."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge.access import OPEN, Access, RecordOpener, access_of, add_access_arguments, load_access
from bridge.capture_file import read_records
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys, read_keys, write_keys
from bridge.udp_link import LOOPBACK
from desktop.command import main
from protocol.capture import Direction, Record
from protocol.keys import network_key
from protocol.packets import DropReason, FrameType
from tests.protocol.members import MASTER, ROOT, Party, tree_member

KEYS = NetworkKeys("garden", 0, frozenset({1}), 1, MASTER)
COMMAND = [sys.executable, "-m", "desktop.command"]


@pytest.fixture
def keys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The network's keys; counters are kept beside them."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    path = tmp_path / "garden.toml"
    write_keys(path, KEYS)
    return str(path)


def chosen(*given: str) -> Access:
    parser = argparse.ArgumentParser()
    add_access_arguments(parser)
    return access_of(parser.parse_args(given))


def test_nothing_is_open_by_default(keys_file: str) -> None:
    with pytest.raises(UsageError, match=r"`treering provision` makes keys.*--open"):
        chosen()
    assert chosen("--open") is OPEN
    assert chosen("--keys", keys_file) == Access(KEYS)


@pytest.mark.parametrize("command", [["agent", "--id", "7"], ["bridge"]])
def test_a_command_without_keys_says_in_a_line_what_to_do(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    errors = capsys.readouterr().err
    assert "treering provision" in errors
    assert errors.count("\n") == 1


def test_keys_of_another_member_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_keys(tmp_path / "keys", KEYS.for_member(8))
    assert main(["agent", "--id", "7", "--keys", str(tmp_path / "keys"), "--no-sensor"]) == 2
    assert "those of node 8, not of node 7" in capsys.readouterr().err


def test_a_root_that_nobody_would_follow_is_refused(
    keys_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bridge", "--id", "5", "--keys", keys_file, "--no-sensor"]) == 2
    assert "node 5 may not be the root: the keys name 1; give --id one of these" in capsys.readouterr().err


@pytest.mark.usefixtures("keys_file")
def test_renewed_keys_are_kept_until_newer_ones_are_given(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    own = str(tmp_path / "keys")
    write_keys(tmp_path / "keys", KEYS.for_member(7))
    access = load_access(own)
    member = access.membership_of(7).keys
    assert member is not None
    prepared = member.with_next(1, network_key(MASTER, 1))
    for renewed in (prepared, prepared.advanced()):
        access.keep(renewed)
        assert load_access(own).membership_of(7).keys == renewed
    provisioned_anew = NetworkKeys("garden", 2, frozenset({1}), 1, MASTER).for_member(7)
    write_keys(tmp_path / "keys", provisioned_anew)
    assert load_access(own).keys == provisioned_anew


def test_records_are_opened_for_who_has_the_keys() -> None:
    party = Party(tree_member(ROOT), tree_member(5))
    party.run(20_000)
    records = [Record(at, "air", Direction.INBOUND, frame) for at, (_, frame) in enumerate(party.log)]
    without = RecordOpener(OPEN)
    assert [without.open(record) for record in records] == records
    opener = RecordOpener(Access(KEYS))
    opened = [opener.open(record) for record in records]
    assert all(record is not None and not record.frame[0] & 0x80 for record in opened)
    assert not opener.unread
    member = RecordOpener(Access(KEYS.for_member(5)))
    assert sum(member.open(record) is None for record in records) == member.unread[DropReason.TAG] > 0


def test_a_sealed_network_of_processes_counts_all_and_nobody_else(keys_file: str, tmp_path: Path) -> None:
    """A bridge with the master key, an agent with its own, and one of another network."""
    write_keys(tmp_path / "own", KEYS.for_member(7))
    write_keys(tmp_path / "foreign", NetworkKeys("other", 0, frozenset({1}), 1, bytes(16)))
    place = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    log = tmp_path / "field.pcapng"
    agents = [
        [*COMMAND, "agent", "--id", node_id, "--keys", str(tmp_path / keys), "--constant", "25", *place]
        for node_id, keys in (("7", "own"), ("8", "foreign"))
    ]
    running = [subprocess.Popen(agent, stderr=subprocess.DEVNULL) for agent in agents]
    bridge = [*COMMAND, "bridge", "--keys", keys_file, "--constant", "21", "--json", "--period", "0.5"]
    try:
        done = subprocess.run(
            [*bridge, "--rounds", "8", "--duration", "40", "--log", str(log), *place],
            capture_output=True,
            text=True,
            timeout=50,
        )
    finally:
        for agent in running:
            agent.terminate()
            agent.wait(10)
    assert done.returncode == 0, done.stderr
    counts = [json.loads(line)["count"] for line in done.stdout.splitlines()]
    assert counts[-1] == max(counts) == 2
    replayed = subprocess.run(
        [*COMMAND, "replay", str(log), "--json", "--keys", keys_file],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert replayed.stdout == done.stdout
    unread = subprocess.run(
        [*COMMAND, "replay", str(log), "--json"], capture_output=True, text=True, timeout=30
    )
    assert unread.stdout == ""
    assert "sealed" in unread.stderr
    assert "--keys" in unread.stderr


@pytest.mark.parametrize("network", ["tree", "ring", "polling"])
def test_a_sealed_simulation_is_recorded_sealed_and_read_with_its_keys(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, keys = tmp_path / "field.pcapng", tmp_path / "field.keys.toml"
    field = ["--grid", "2x2", "--network", network, "--rounds", "4", "--capture", str(log)]
    assert main(["simulate", "--sealed", *field]) == 0
    simulated = capsys.readouterr().out.splitlines()
    assert main(["replay", str(log), "--keys", str(keys)]) == 0
    replayed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("round")]
    assert replayed == simulated
    assert main(["decode", str(log), "--json", "--keys", str(keys)]) == 0
    read = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not any("dropped" in frame for frame in read)
    assert main(["decode", str(log)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert all(line.endswith(": sealed") for line in shown)
    assert "CHALLENGE" in shown[0]
    assert "life" in shown[0]


def test_one_frame_cannot_be_opened_alone(capsys: pytest.CaptureFixture[str], keys_file: str) -> None:
    assert main(["decode", "8501", "--keys", keys_file]) == 2
    assert "name a log" in capsys.readouterr().err


def test_a_bridge_without_a_node_asks_who_is_there(keys_file: str, tmp_path: Path) -> None:
    log = tmp_path / "field.pcapng"
    place = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    watch = ["bridge", "--no-root", "--id", "9", "--keys", keys_file, "--duration", "2.5", "--log", str(log)]
    assert main([*watch, *place]) == 0
    (asked, *_) = read_records(log)
    assert asked.frame[0] & 0x1F == FrameType.CHALLENGE
    assert asked.frame[1:5] == b"\0\x09\xff\xff"


def test_a_bridge_renews_the_keys_and_leaves_a_node_out(keys_file: str, tmp_path: Path) -> None:
    """Node 8 is revoked: when the epoch has begun, it is counted no more."""
    place = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    agents = []
    for node_id in (7, 8):
        own = tmp_path / f"{node_id}.toml"
        write_keys(own, KEYS.for_member(node_id))
        agent = [*COMMAND, "agent", "--id", str(node_id), "--keys", str(own), "--no-sensor", *place]
        agents.append(subprocess.Popen(agent, stderr=subprocess.PIPE, text=True))
    bridge = [*COMMAND, "bridge", "--keys", keys_file, "--rekey", "--revoke", "8", "--json", "--period", "1"]
    try:
        done = subprocess.run(
            [*bridge, "--constant", "21", "--duration", "13", *place],
            capture_output=True,
            text=True,
            timeout=50,
        )
    finally:
        told = [_ended(agent) for agent in agents]
    assert done.returncode == 0, done.stderr
    assert "sending the key of epoch 1 to node 7" in done.stderr
    assert "epoch 1 has begun" in done.stderr
    assert read_keys(Path(keys_file)).epoch == 1
    assert load_access(str(tmp_path / "7.toml")).membership_of(7).keys is not None
    assert "uses the keys of epoch 1" in told[0]
    assert "uses the keys" not in told[1]


def _ended(agent: subprocess.Popen[str]) -> str:
    """What an agent told until it was ended."""
    agent.terminate()
    _, errors = agent.communicate(timeout=10)
    return errors


def test_only_a_controller_renews_keys(keys_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bridge", "--open", "--rekey"]) == 2
    assert "for the network's controller" in capsys.readouterr().err
    assert main(["bridge", "--keys", keys_file, "--revoke", "8"]) == 2
    assert "give --rekey as well" in capsys.readouterr().err


def test_only_the_controller_with_its_keys_commands() -> None:
    assert Access(KEYS).for_controller(1) == Access(KEYS)
    assert OPEN.for_controller(5) == Access(controller=5)
    with pytest.raises(UsageError, match="node 5 may not command 'garden': its controller is node 1; be"):
        Access(KEYS).for_controller(5)
    with pytest.raises(UsageError, match="node 1 may not command 'garden': these keys are without the"):
        Access(NetworkKeys("garden", 0, controller=1, member_id=7)).for_controller(1)
