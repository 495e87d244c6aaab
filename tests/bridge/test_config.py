"""bridge.toml: what it says, and what people are told of what it cannot say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.addresses import Address
from bridge.config import BridgeConfig, read_config
from bridge.errors import UsageError
from bridge.link_settings import SerialSettings, UdpSettings
from bridge.sinks.mqtt import MqttSettings
from bridge.tcp_link import ConnectSettings
from bridge.tcp_listener import ListenSettings
from bridge.text_link import TextSettings
from protocol.packets import Network

WHOLE = """
name = "garden"
open = true
folder = "state"

[node]
id = 9
network = "polling"
period_s = 2
order = [9, 3]

[[serial]]
port = "/dev/ttyACM0"
[[serial]]
port = "/dev/ttyACM1"
baud = 9600

[udp]
port = 5000

[tcp]
listen = "0.0.0.0:28540"

[[connect]]
to = "192.168.1.20"

[[text]]
port = "/dev/ttyUSB0"
node = 42
columns = ["temperature"]

[log]
segment_size = "1 MB"

[store]
keep_readings = "7 days"

[[actuator]]
name = "fan"
node = 7

[[rule]]
name = "cooling"
text = "fan on when temperature average over 1 min > 25 for 30 s, off below 24"

[[mqtt]]
host = "broker.local"

[status]
listen = "off"

[discovery]
mdns = false
"""


def read(tmp_path: Path, text: str) -> BridgeConfig:
    path = tmp_path / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def test_every_part_reads_its_own_table(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    assert (config.name, config.folder) == ("garden", tmp_path / "state")
    assert config.node.network is Network.POLLING
    assert (config.node.node_id, config.node.period_s, config.node.order) == (9, 2, (9, 3))
    first, second, udp, connect, text = config.links
    assert (first, second) == (SerialSettings("/dev/ttyACM0"), SerialSettings("/dev/ttyACM1", 9600))
    assert udp == UdpSettings(port=5000)
    assert connect == ConnectSettings(Address("192.168.1.20", 28540))
    assert isinstance(text, TextSettings)
    assert config.listen == ListenSettings(Address("0.0.0.0", 28540))
    assert (config.log.folder, config.log.segment_bytes) == (tmp_path / "state" / "log", 1e6)
    assert config.store.keep_readings_s == 7 * 86_400
    assert [rule.name for rule in config.rules.rules] == ["cooling"]
    (mqtt,) = config.sinks
    assert isinstance(mqtt, MqttSettings)
    assert mqtt.host == "broker.local"
    assert (config.status, config.discovery) == (None, None)


def test_what_is_read_twice_is_equal_and_a_key_of_parts(tmp_path: Path) -> None:
    """A reload tells by that what has changed."""
    assert read(tmp_path, WHOLE) == read(tmp_path, WHOLE)
    assert len({*read(tmp_path, WHOLE).links, *read(tmp_path, WHOLE).links}) == 5
    changed = read(tmp_path, WHOLE.replace("broker.local", "other.local"))
    assert changed.sinks != read(tmp_path, WHOLE).sinks
    assert changed.links == read(tmp_path, WHOLE).links
    assert len({changed.node, changed.rules, changed.store, changed.log}) == 4


def test_little_need_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "var"))
    config = read(tmp_path, "open = true")
    assert (config.name, config.folder) == ("treering", tmp_path / "var" / "treering")
    assert config.links == (UdpSettings(),)
    assert config.listen == ListenSettings(Address("127.0.0.1", 28540))
    assert config.status is not None
    assert config.status.address == Address("127.0.0.1", 28541)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("opne = true", 1, "opne: unknown key 'opne'; known are name, keys, open"),
        ("", 1, "open: neither keys nor an open network; write keys"),
        (
            "open = true\n[log]\nsegment_size = '1 parsec'",
            3,
            "log.segment_size: .*unknown unit 'parsec'; known",
        ),
        ("open = true\n[log]\nsegment_age = '60'", 3, "log.segment_age: .*'60' has no unit; known are"),
        ("open = true\n[[serial]]\nbaud = 9600", 2, r"serial\[0\]: \[\[serial\]\] has no port; add port = "),
        ("open = true\n[[serial]]\nport = 5", 3, r"serial\[0\].port: port is 5; write a text"),
        ("open = true\n[udp]\ngroup = 'here'", 3, "udp.group: .*here.*; "),
        ('open = true\n[udp]\ninterface = "a\\n"', 3, r"udp.interface: interface 'a\\n': give its IPv4"),
        ('open = true\n[udp]\n"a\\n" = 1', 3, r"udp.'a\\n': unknown key 'a\\n'; known are enabled"),
        ("open = true\n[[connect]]\nto = 'pi:x'", 3, r"connect\[0\].to: 'pi:x' names no port; write it as"),
        ("open = true\n[tcp]\nport = 1", 3, "tcp.port: unknown key 'port'; known are listen"),
        ("open = true\n[status]\nlisten = ':1'", 3, "status.listen: ':1' names no host; write it as"),
        (
            "open = true\n[node]\nnetwork = 'mesh'",
            3,
            "node.network: .*'mesh'; write one of tree, ring, polling",
        ),
        ("open = true\n[[mqtt]]\nprot = 1", 3, r"mqtt\[0\].prot: unknown key 'prot'; known are"),
        ("open = true\n[[mqtt]]\n[[mqtt]]\n", 3, r"mqtt\[1\].name: name 'mqtt' is there twice; give each"),
        (
            "open = true\n[[serial]]\nport = 'a'\n[[serial]]\nport = 'a'",
            5,
            r"serial\[1\].port: port 'a' is there twice; a port is of one",
        ),
        (
            "open = true\n[[text]]\nport = 'a'\nnode = 1\ncolumns = ['humidity']",
            4,
            r"text\[0\].node: node 1 is there twice; give it an id",
        ),
        (
            "open = true\n[[rule]]\nname = 'hot'\ntext = 'alarm wenn node 7 is stale'",
            4,
            r"rule\[0\].text: .*column 7",
        ),
        ("open = true\nname = ", 2, "Invalid value; write TOML"),
    ],
)
def test_one_line_names_key_cause_and_remedy(tmp_path: Path, text: str, line: int, told: str) -> None:
    with pytest.raises(UsageError, match=rf"bridge.toml:{line}: {told}") as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a bridge's configuration"):
        read_config(tmp_path / "bridge.toml")
