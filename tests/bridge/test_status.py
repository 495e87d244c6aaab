"""The status of a bridge: over HTTP as JSON and as figures, and as people read it."""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.access import OPEN
from bridge.addresses import Address
from bridge.config import BridgeConfig
from bridge.errors import TreeringError, UsageError
from bridge.link import LinkState
from bridge.log.settings import LogSettings
from bridge.metrics import metrics_text
from bridge.service import Service
from bridge.status import BridgeStatus, Rates
from bridge.status_server import MAX_REQUESTS, StatusServer, StatusSettings
from bridge.status_view import fetch_status, show_status, status_lines
from bridge.store.handed import MOST_EVENTS
from bridge.store.rows import EventRow
from bridge.store.store import Store
from bridge.tcp_listener import ListenSettings, TcpListener
from bridge.text_lines import Column
from bridge.text_link import TextLink, TextSettings
from protocol.aggregate import TEMPERATURE
from protocol.packets import Network
from protocol.simulator.toml_tables import DescriptionError, Table
from tests.bridge.rig import MemoryLink

STATUS: BridgeStatus = {
    "name": "garden",
    "version": "0.1.0",
    "network": "tree",
    "node": 1,
    "is_sealed": True,
    "started_us": 1_000_000,
    "now_us": 100_000_000,
    "up_s": 99.0,
    "segments": [
        {
            "link": "serial:/dev/ttyACM0",
            "is_up": True,
            "reason": "",
            "frames_in": 120,
            "frames_out": 60,
            "rate_in": 1.2,
            "rate_out": 0.6,
            "drops": {"checksum": 3},
            "unsent": 2,
            "fill": 0.5,
        },
        {
            "link": "udp:239.84.82.71:28539",
            "is_up": False,
            "reason": "network is unreachable",
            "frames_in": 0,
            "frames_out": 0,
            "rate_in": 0.0,
            "rate_out": 0.0,
            "drops": {},
            "unsent": 60,
            "fill": 0.0,
        },
    ],
    "peers": [
        {
            "node": 7,
            "link": "serial:/dev/ttyACM0",
            "address": "",
            "state": "late",
            "first_seen_us": 2_000_000,
            "last_heard_us": 88_000_000,
            "frames": 17,
            "lost_frames": 4,
            "interval_s": 5.0,
            "address_changes": 0,
        }
    ],
    "log": {
        "folder": "/var/lib/treering/log",
        "segments": 2,
        "size_bytes": 17_300_000,
        "free_bytes": 2_000_000_000,
        "records": 180,
        "lost_records": 0,
    },
    "consumers": [
        {
            "name": "mqtt home",
            "state": "waiting",
            "lag_records": 40,
            "lag_s": 30.0,
            "queue": {
                "rate_per_s": 2.0,
                "wait_s": 0.5,
                "length": 1.2,
                "littles_length": 1.0,
                "mm1_length": None,
            },
            "taken": 500,
            "retries": 3,
            "last_error": "connection refused",
        }
    ],
    "latencies": [{"stage": "stored", "p50_ms": 1.0, "p99_ms": 8.0, "max_ms": 12.5}],
    "rules": [{"name": "fan", "text": "fan on when ...", "is_active": True, "since_us": 5}],
    "actuators": [{"name": "fan", "node": 7, "actuator": 0, "state": "active", "value": 255}],
    "streams": [{"name": "minute", "value": 23.5, "unit": "degC", "time_us": 5}],
    "warnings": ["mqtt home: connection refused; is the broker running?"],
}


@pytest.fixture
def server() -> Iterator[StatusServer]:
    made = StatusServer(StatusSettings(Address("127.0.0.1", 0)), lambda: dict(STATUS))
    made.start()
    yield made
    made.stop()


def get(address: Address, path: str, host: str = "localhost") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


# --- over HTTP ---


def test_the_status_arrives_as_it_is(server: StatusServer) -> None:
    assert fetch_status(server.address) == STATUS


def test_the_figures_are_the_same_numbers(server: StatusServer) -> None:
    status, body = get(server.address, "/metrics")
    assert status == 200
    found = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert found["treering_frames_total", "in", "serial:/dev/ttyACM0"] == 120
    assert found["treering_dropped_frames_total", "serial:/dev/ttyACM0", "checksum"] == 3
    assert found["treering_segment_up", "udp:239.84.82.71:28539"] == 0
    assert found["treering_peers", "late"] == 1
    assert found["treering_lost_frames_total", "7"] == 4
    assert found["treering_consumer_lag_seconds", "mqtt home"] == 30
    assert found["treering_log_bytes",] == 17_300_000
    assert body == metrics_text(STATUS)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:28541", ""])
def test_a_page_of_another_site_reads_nothing(server: StatusServer, host: str) -> None:
    assert get(server.address, "/status", host)[0] == 403


def test_many_who_ask_slowly_cost_as_many_threads_as_there_are_places(server: StatusServer) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        for _ in range(MAX_REQUESTS):
            slow = stack.enter_context(socket.create_connection(server.address, 10))
            slow.sendall(b"GET /status HTTP/1.1\r\n")
        one_more = stack.enter_context(socket.create_connection(server.address, 10))
        assert one_more.recv(1) == b"", "it has to come again"
        assert threading.active_count() <= before + MAX_REQUESTS


def test_a_bridge_that_is_too_busy_says_so() -> None:
    def status() -> BridgeStatus:
        raise TimeoutError

    busy = StatusServer(StatusSettings(Address("127.0.0.1", 0)), status)
    busy.start()
    assert get(busy.address, "/status")[0] == 503
    busy.stop()


def test_there_is_nothing_else(server: StatusServer) -> None:
    assert get(server.address, "/")[0] == 404


def test_an_address_that_is_taken_is_named(server: StatusServer) -> None:
    other = StatusServer(StatusSettings(server.address), lambda: dict(STATUS))
    with pytest.raises(UsageError, match=rf"status.listen 127.0.0.1:{server.address.port}: .* in use; give"):
        other.start()


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", StatusSettings(Address("127.0.0.1", 28541))),
        ('listen = "0.0.0.0:9000"', StatusSettings(Address("0.0.0.0", 9000))),
        ('listen = "off"', None),
    ],
)
def test_settings(text: str, settings: StatusSettings | None) -> None:
    assert StatusSettings.from_table(Table.parse(text, "bridge.toml", "write TOML")) == settings


def test_settings_that_cannot_be() -> None:
    with pytest.raises(DescriptionError, match=r"bridge.toml:1: unknown key 'port'; known are listen"):
        StatusSettings.from_table(Table.parse("port = 1", "bridge.toml", "write TOML"))


# --- the command ---


def test_people_read_what_matters(server: StatusServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_status(argparse.Namespace(at=server.address, json=False)) == 0
    text = capsys.readouterr().out
    assert text.splitlines() == list(status_lines(STATUS))
    for said in (
        "garden: sealed tree, node 1, up 99.0 s",
        "warning: mqtt home: connection refused",
        "DOWN: network is unreachable",
        "12.0 s ago",
        "17.3 MB, 2.0 GB free",
        "40 records, 30.0 s",
        "23.5 degC",
    ):
        assert said in text


def test_scripts_read_all_of_it(server: StatusServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_status(argparse.Namespace(at=server.address, json=True)) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_no_bridge_there_is_told_with_the_remedy(server: StatusServer) -> None:
    address = server.address
    server.stop()
    with pytest.raises(TreeringError, match=rf"no bridge answers at 127.0.0.1:{address.port} \(.*refused"):
        fetch_status(address)


def test_another_server_is_no_bridge() -> None:
    other: dict[str, Any] = {"hello": 1}
    server = StatusServer(StatusSettings(Address("127.0.0.1", 0)), lambda: other)
    server.start()
    try:
        with pytest.raises(TreeringError, match="is no Treering bridge; give --at"):
            fetch_status(server.address)
    finally:
        server.stop()


# --- rates ---


def test_a_rate_is_that_of_the_last_ten_seconds() -> None:
    rates = Rates()
    assert rates.of("in") == 0
    for second in range(60):
        rates.sample({"in": 100 if second < 45 else 100 + 20 * (second - 45)}, float(second))
    assert rates.of("in") == 20
    assert rates.of("unknown") == 0


# --- warnings ---


@contextmanager
def service_at(folder: Path) -> Iterator[Service]:
    """Not running."""
    service = Service(BridgeConfig("garden", OPEN, folder, LogSettings(folder / "log")))
    try:
        yield service
    finally:
        service.log.close()


@pytest.mark.parametrize(("fill", "told"), [(0.5, None), (0.8, "80%"), (0.94, "80%"), (1.0, "95%")])
def test_a_queue_that_is_nearly_full_is_a_warning(fill: float, told: str | None, tmp_path: Path) -> None:
    link = MemoryLink("tcp:pi:28540")
    link.fill = fill
    with service_at(tmp_path) as service:
        service.links.attach(link)
        service.links.tell(LinkState(link.name, is_up=True))
        warnings = service.status()["warnings"]
    assert len(warnings) == (told is not None)
    assert all(str(told) in warning and link.name in warning for warning in warnings)


def test_what_text_boards_listener_and_store_warn_of_is_told(tmp_path: Path) -> None:
    board = TextLink(TextSettings("COM9", 42, (Column(TEMPERATURE),)), Network.TREE, 5.0)
    board.reader.feed(b"\n1,2,3\n", 0.0)
    store = Store(tmp_path / "store.sqlite", "garden")
    store.write_events(EventRow(n, "peer lost", 2) for n in range(MOST_EVENTS + 1))
    with service_at(tmp_path) as service:
        service.links.attach(board)
        service.links.tell(LinkState(board.name, is_up=True))
        links = service.links
        listener = TcpListener(ListenSettings(max_clients=0), links.attach, links.detach, links.tell)
        listener.refused = 3
        service.machine.listener, service.machine.store = listener, store
        told = service.status()["warnings"]
    store.close()
    assert [warning.partition(":")[0] for warning in told] == ["text", "tcp.listen", "store"]
