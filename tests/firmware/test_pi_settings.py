"""What an agent is told: a file of its own, options, and the service that runs it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge.access import Access
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys, write_keys
from bridge.sensors import ConstantSensor, NoSensor
from bridge.udp_link import GROUP, LOOPBACK, PORT
from desktop.command import main
from firmware.pi import command
from firmware.pi.sensors.sensor_set import SensorSet
from firmware.pi.service_unit import unit_text
from firmware.pi.settings import Settings, read_settings, settings_of
from protocol.aggregate import HUMIDITY, SOIL_MOISTURE, TEMPERATURE, WIND_SPEED
from protocol.packets import Network

WHOLE = """
id = 11
open = true
network = "ring"
period_s = 2.5
order = [3, 11, 7]
readings = true
neighbours = [3, 7]

[udp]
group = "239.1.2.3"
port = 4000
interface = "127.0.0.1"

[[sensor]]
kind = "sht31d"
bus = 3
address = 0x45
metrics = ["humidity"]

[[sensor]]
kind = "seesaw"
dry_counts = 400
wet_counts = 900
metrics = ["soil_moisture"]

[[sensor]]
kind = "anemometer"
channel = 1
range_v = 2.048
curve = [[0, 0], [1.0, 10], [2.0, 40]]

[[sensor]]
kind = "synthetic"
metric = "temperature"
seed = 5
baseline = 3.5
amplitude = 0
noise = 0
"""


def config(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def options(*given: str) -> Settings:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return settings_of(parser.parse_args(["--id", "11", "--open", *given]))


# --- the file --------------------------------------------------------------------------------------------


def test_a_file_says_all_of_a_node(tmp_path: Path) -> None:
    found = read_settings(config(tmp_path, WHOLE))
    assert (found.node_id, found.network, found.period_s) == (11, Network.RING, 2.5)
    assert (found.order, found.readings_asked, found.neighbours) == ((3, 11, 7), True, frozenset({3, 7}))
    assert (found.group, found.udp_port, found.interface) == ("239.1.2.3", 4000, "127.0.0.1")
    assert found.metrics == (HUMIDITY.id, SOIL_MOISTURE.id, WIND_SPEED.id, TEMPERATURE.id)
    assert isinstance(found.sensor, SensorSet)


def test_of_a_short_file_the_rest_is_as_without_options(tmp_path: Path) -> None:
    found, usual = read_settings(config(tmp_path, "id = 11\nopen = true\n")), options("--no-sensor")
    for name in (
        "node_id",
        "network",
        "metrics",
        "period_s",
        "order",
        "neighbours",
        "group",
        "udp_port",
        "interface",
    ):
        assert getattr(found, name) == getattr(usual, name), name
    assert isinstance(found.sensor, NoSensor)
    assert (found.group, found.udp_port) == (GROUP, PORT)


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = config(tmp_path, "id = 11\nopen = true\n", mode)
    with pytest.raises(UsageError, match=f"run: chmod 600 {path}"):
        read_settings(path)


def test_a_credential_is_guarded_by_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its access list shows as a mode that others seem to have."""
    path = config(tmp_path, "id = 11\nopen = true\n", 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_settings(path).node_id == 11


SENSOR = "id = 1\n[[sensor]]\nkind = "


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "the file has no id"),
        ("id = 65534", 1, "id is 65534; write a whole number from 0 to 65533"),
        ("id = 1\nkey = 2", 2, "unknown key 'key'; known are id, keys, open, network,"),
        ("id = 1\nnetwork = 'star'", 2, "network is 'star'; write one of tree, ring, polling"),
        ("id = 1\norder = [2]", 2, "order is of a ring or a polled network"),
        ("id = 1\nnetwork = 'ring'\norder = [2, 2]", 3, "order names a node twice"),
        ("id = 1\nneighbours = ['a']", 2, "neighbours is no list of node ids"),
        ("id = 1\nperiod_s = 0", 2, "period_s is 0"),
        ("id = 1\n[udp]\nport = 0", 3, "port is 0"),
        ("id = 1\n[udp]\ngroup = 5", 3, "group is 5; write a text"),
        ("id = 1\n[[sensor]]", 2, "[[sensor]] has no kind"),
        (
            SENSOR + "'bme280'",
            3,
            "kind is 'bme280'; write one of sht31d, seesaw, anemometer, synthetic, dataset",
        ),
        (SENSOR + "'sht31d'\naddress = 0x46", 4, "address is 0x46; write one of 0x44, 0x45"),
        (SENSOR + "'sht31d'\nmetrics = ['wind_speed']", 4, "name some of temperature, humidity"),
        (SENSOR + "'sht31d'\nbaseline = 3", 4, "unknown key 'baseline'"),
        (SENSOR + "'seesaw'\nwet_counts = 300", 4, "wet_counts is not above dry_counts"),
        (SENSOR + "'anemometer'\nrange_v = 5", 4, "range_v is 5; write one of 6.144, 4.096"),
        (SENSOR + "'anemometer'\ncurve = [[1, 0], [1, 2]]", 4, "their voltages grow"),
        (SENSOR + "'anemometer'\ncurve = [[1, 'a'], [1, 2]]", 4, "curve is no list of points"),
        (SENSOR + "'synthetic'\nmetric = 'heat'", 4, "metric is 'heat'"),
        (SENSOR + "'synthetic'\nspike_share = 2", 4, "spike_share is 2; write a number from 0 up to 1"),
        (SENSOR + "'synthetic'\nperiod_s = 0", 4, "period_s is 0"),
        (SENSOR + "'dataset'", 2, "[[sensor]] has no file"),
        (SENSOR + "'dataset'\nfile = 'a.csv'\nspeed = 2\nrow_s = 1", 5, "give one of the two"),
        ("id = \n", 1, "write TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = config(tmp_path, text)
    with pytest.raises(UsageError) as error:
        read_settings(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert says in str(error.value)


def test_the_keys_lie_beside_the_file(tmp_path: Path) -> None:
    keys = NetworkKeys("garden", 0, frozenset({1}), 1, bytes(16)).for_member(11)
    write_keys(tmp_path / "keys.toml", keys)
    found = read_settings(config(tmp_path, 'id = 11\nkeys = "keys.toml"\n'))
    assert found.access == Access(keys)


@pytest.mark.parametrize("text", ["id = 11\n", "id = 11\nopen = true\nkeys = 'keys.toml'\n"])
def test_a_network_is_open_only_if_that_is_said_and_nothing_else(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="`treering provision` makes keys"):
        read_settings(config(tmp_path, text))


def test_two_sensors_of_one_metric_are_refused(tmp_path: Path) -> None:
    text = "id = 1\n[[sensor]]\nkind = 'sht31d'\n[[sensor]]\nkind = 'synthetic'\n"
    with pytest.raises(UsageError, match="two sensors measure temperature; leave one out, or say"):
        read_settings(config(tmp_path, text))


def test_a_data_set_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "field.csv").write_text("humidity\n45\n", encoding="utf-8")
    found = read_settings(
        config(tmp_path, "open = true\n" + SENSOR + "'dataset'\nfile = 'field.csv'\nrow_s = 1\n")
    )
    assert found.metrics == (HUMIDITY.id,)


# --- options ---------------------------------------------------------------------------------------------


def test_sensors_are_named_by_options_as_in_the_file() -> None:
    found = options(
        *("--sensor", "synthetic:baseline=3.5,amplitude=0,noise=0"),
        *("--sensor", "anemometer:bus=0,curve=[[0.0, 0.0], [2.0, 40.0]]"),
        *("--sensor", "seesaw"),
    )
    assert isinstance(found.sensor, SensorSet)
    assert found.metrics == (TEMPERATURE.id, WIND_SPEED.id, SOIL_MOISTURE.id, 3)


def test_without_one_it_is_what_the_other_options_say() -> None:
    found = options("--metrics", "humidity", "--constant", "45")
    assert isinstance(found.sensor, ConstantSensor)
    assert found.metrics == (HUMIDITY.id,)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--sensor", "bme280"], "--sensor bme280:1: kind is 'bme280'"),
        (["--sensor", "sht31d:address=7"], "--sensor sht31d:address=7:1: address is 0x07"),
        (["--sensor", "sht31d:address"], "write KIND:key=value,..."),
        (
            ["--no-sensor", "--actuator", 'file:path="/no/led"'],
            "path: there is no file /no/led; name one that",
        ),
        (["--sensor", "sht31d", "--sensor", "synthetic"], "two sensors measure temperature"),
        (["--sensor", "sht31d", "--constant", "5"], "--sensor says what is measured; leave --constant out"),
        (
            ["--sensor", "sht31d", "--metrics", "humidity"],
            "--sensor says what is measured; leave --metrics out",
        ),
    ],
)
def test_options_that_cannot_be_are_told_in_a_line(
    given: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agent", "--open", "--id", "11", "--duration", "0.1", *given]) == 2
    errors = capsys.readouterr().err
    assert says in errors
    assert errors.count("\n") == 1


def test_options_beside_a_file_are_refused_but_for_what_the_run_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"id = 11\nopen = true\n[udp]\ninterface = '{LOOPBACK}'\nport = {free_port()}\n"
    path = config(tmp_path, text)
    assert main(["agent", "--config", str(path), "--period", "2"]) == 2
    assert "leave --period out" in capsys.readouterr().err
    assert main(["agent", "--config", str(path), "--duration", "0.1", "--json"]) == 0


# --- the command -----------------------------------------------------------------------------------------


def test_an_agent_whose_bus_is_not_there_says_so_and_takes_part(tmp_path: Path) -> None:
    """The real driver, on a bus that no machine has: its node is in the results, without a reading of it."""
    pytest.importorskip("adafruit_sht31d", reason="pip install 'treering[pi]' brings it")
    (tmp_path / "wind.csv").write_text("wind_speed\n2.5\n", encoding="utf-8")
    text = f"""
id = 11
open = true
network = "ring"
period_s = 0.3
[udp]
interface = "{LOOPBACK}"
port = {free_port()}
[[sensor]]
kind = "sht31d"
bus = 99
[[sensor]]
kind = "dataset"
file = "wind.csv"
row_s = 1
at_end = "loop"
"""
    arguments = ["agent", "--config", str(config(tmp_path, text)), "--json", "--duration", "20"]
    with subprocess.Popen(
        [sys.executable, "-m", "desktop.command", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        missing = result = None
        for line in process.stdout:
            event = json.loads(line)
            missing = event if event["event"] == "SensorMissing" else missing
            result = event if event["event"] == "RoundFinished" else result
            if missing and result:
                break
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert missing is not None
    assert missing["sensor"] == "sht31d at 0x44 of i2c-99"
    assert "sht31d at 0x44 of i2c-99: I2C Bus #99 not found" in errors
    assert result is not None
    counts = {metric: aggregate["count"] for metric, aggregate in result["items"]["aggregates"]}
    assert counts == {TEMPERATURE.id: 0, HUMIDITY.id: 0, WIND_SPEED.id: 1}


# --- the service -----------------------------------------------------------------------------------------

COMMAND, CONFIG = Path("/opt/treering/bin/treering"), Path("/etc/treering/agent.toml")


def test_a_unit_runs_the_command_with_a_copy_of_the_file() -> None:
    text = unit_text(COMMAND, CONFIG, has_i2c=True)
    assert f"LoadCredential=agent.toml:{CONFIG}" in text
    assert f"ExecStart={COMMAND} agent --config %d/agent.toml" in text
    assert "SupplementaryGroups=i2c" in text
    assert "SupplementaryGroups=\n" in unit_text(COMMAND, CONFIG, has_i2c=False)
    assert "keys" not in text
    keys = CONFIG.with_name("keys.toml")
    assert f"LoadCredential=keys.toml:{keys}\n" in unit_text(COMMAND, CONFIG, has_i2c=True, keys=keys)


@pytest.mark.parametrize("path", ["treering", "/opt/my treering", "/opt/50%", "/opt/$HOME", "/opt/a:b"])
def test_a_path_that_systemd_reads_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="absolute paths without"):
        unit_text(Path(path), CONFIG, has_i2c=True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "treering-agent.service"
    program = tmp_path / "treering"
    program.touch()
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    unit.write_text(unit_text(program, CONFIG, has_i2c=True), encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    complaints = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, complaints) == (0, [])
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout  # an exposure of 2.0 of 10 at most
