"""The InfluxDB sink on a real influxd 1.x; of 2.x, which Debian has not, what a server gets of it."""

from __future__ import annotations

import gzip
import http.server
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.sinks.servers import Influxd, running
from bridge.log.facts import RetryError
from bridge.sinks.influx import InfluxSettings, InfluxSink
from bridge.sinks.rule_board import RuleBoard
from protocol.observations import ActuatorSeen, NodeLost
from protocol.simulator.toml_tables import DescriptionError
from tests.bridge.sinks.certificates import Authority
from tests.bridge.sinks.rig import (
    ALARM,
    NETWORK,
    START_US,
    MemoryOffsets,
    alarm,
    batch,
    checkpoint,
    numbered,
    result,
    secret_file,
    seen,
    table,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="influxd is set up on Linux only")


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[Influxd]:
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = Influxd(folder)
    with running(server):
        yield server


def sink_to(
    url: str, more: str = "", *, folder: Path = Path("."), offsets: MemoryOffsets | None = None
) -> InfluxSink:
    text = f'[[influx]]\nurl = "{url}"\nbatch_age = "0 s"\n{more}\n'
    settings = InfluxSettings.from_table(table(text, "influx"), folder)
    return InfluxSink(settings, NETWORK, offsets or MemoryOffsets())


def rows_in(influxd: Influxd, query: str, **login: str) -> list[list[Any]]:
    """The values of all series of the answer."""
    return [row for series in influxd.query(query, "treering", **login) for row in series["values"]]


def test_readings_rounds_and_events_are_found_by_what_they_are(influxd: Influxd) -> None:
    offsets = MemoryOffsets()
    sink = sink_to(influxd.url, offsets=offsets)
    sink.take(batch(1, seen(1, pairs=((0, 123), (1, 80))), result(1), NodeLost(START_US, 9, 7)))
    assert offsets.saved == checkpoint(1)
    assert rows_in(
        influxd, "SELECT value, raw, version FROM reading WHERE node = '7' AND metric = 'temperature'"
    ) == [[(START_US + 1_000_000) * 1_000 + 1, 21.5, 123, 1]]
    assert rows_in(influxd, "SELECT value FROM reading WHERE unit = '%'")[0][1:] == [40]
    found = rows_in(
        influxd, "SELECT average, maximum, max_id, count, \"exact\" FROM round WHERE network = 'garden'"
    )
    assert found == [[(START_US + 1_000_000) * 1_000 + 1, 20, 25, 7, 3, True]]
    assert rows_in(influxd, "SELECT text FROM event WHERE kind = 'lost'")[0][1:] == [
        "node 9: lost (parent 7)"
    ]
    sink.close()


def test_what_rules_tell_and_actuators_do_is_found_by_what_it_is(influxd: Influxd) -> None:
    board = RuleBoard()
    sink = sink_to(influxd.url)
    board.add(sink)
    board.begin([ALARM], [], START_US)
    told = [alarm(1, node=7, text="it is 1 degC"), alarm(2, node=7, has_begun=False), alarm(3)]
    board.take(told)
    board.take(told)  # as after a restart
    sink.take(batch(1, ActuatorSeen(START_US, 7, 1, 255, 0)))
    assert rows_in(influxd, "SELECT text FROM event WHERE \"name\" = 'frost'") == [
        [(START_US + 1_000_000) * 1_000, "frost of node 7: alarm begins (it is 1 degC)"],
        [(START_US + 2_000_000) * 1_000, "frost of node 7: alarm ends (odd)"],
        [(START_US + 3_000_000) * 1_000, "frost: alarm begins (odd)"],
    ]
    found = rows_in(influxd, "SELECT value, cause FROM actuator WHERE node = '7' AND actuator = '1'")
    assert found == [[START_US * 1_000, 255, "commanded"]]
    sink.close()


def test_what_comes_twice_is_there_once(influxd: Influxd) -> None:
    facts = [seen(number) for number in range(500)]
    for _ in range(2):
        sink = sink_to(influxd.url)
        for part in numbered(facts, 200):
            sink.take(part)
        sink.close()
    assert rows_in(influxd, "SELECT count(value) FROM reading")[0][1] == 500


def test_readings_of_two_rounds_in_one_microsecond_are_two(influxd: Influxd) -> None:
    sink = sink_to(influxd.url)
    first, second = seen(1), seen(2)
    sink.take(batch(1, first, type(second)(first.timestamp_us, 7, 2, second.pairs)))
    assert [row[1] for row in rows_in(influxd, "SELECT version FROM reading")] == [1, 2]
    sink.close()


def test_an_outage_costs_nothing_but_time(influxd: Influxd) -> None:
    offsets = MemoryOffsets()
    sink = sink_to(influxd.url, offsets=offsets)
    sink.take(batch(1, seen(1)))
    influxd.kill()
    late = batch(2, seen(2))
    with pytest.raises(RetryError, match=r"^http://127.0.0.1:\d+: Connection refused; is it running"):
        sink.take(late)
    assert offsets.saved == checkpoint(1)
    influxd.start()
    sink.take(late)
    assert offsets.saved == checkpoint(2)
    assert rows_in(influxd, "SELECT count(value) FROM reading")[0][1] == 2
    sink.close()


def test_points_of_another_type_are_counted_told_and_passed_over(
    influxd: Influxd, caplog: pytest.LogCaptureFixture
) -> None:
    influxd.query('CREATE DATABASE "treering"')
    spoiled = sink_to(influxd.url)
    spoiled.send([f'round,network=garden count="no number" {START_US}000'])  # a field has one type in a shard
    offsets = MemoryOffsets()
    sink = sink_to(influxd.url, offsets=offsets)
    sink.take(batch(1, seen(1), result(1), result(2), seen(2)))
    assert (sink.refused, offsets.saved) == (2, checkpoint(1))
    assert "2 points are passed over" in caplog.text
    assert "field type conflict" in caplog.text
    assert rows_in(influxd, "SELECT count(value) FROM reading")[0][1] == 2
    for each in (sink, spoiled):
        each.close()


def test_points_too_old_for_the_database_do_not_hold_up_the_others(
    influxd: Influxd, caplog: pytest.LogCaptureFixture
) -> None:
    influxd.query('CREATE DATABASE "treering" WITH DURATION 1h')
    old = seen(1)
    new = type(old)(time.time_ns() // 1_000, 7, 2, old.pairs)
    sink = sink_to(influxd.url)
    sink.take(batch(1, old, new))
    assert (sink.refused, sink.pending) == (1, 0)
    assert "points beyond retention policy" in caplog.text
    assert [row[1] for row in rows_in(influxd, "SELECT version FROM reading")] == [2]
    sink.close()


def test_a_bad_line_is_found_among_many(influxd: Influxd, caplog: pytest.LogCaptureFixture) -> None:
    sink = sink_to(influxd.url)
    lines = [f"reading,node=1 value={number} {number}" for number in range(100)]
    lines[37] = "reading,node=1 value= 37"
    sink.send(lines)
    assert sink.refused == 1
    assert "'reading,node=1 value= 37'" in caplog.text
    assert rows_in(influxd, "SELECT count(value) FROM reading")[0][1] == 99
    sink.close()


def test_a_database_that_may_not_be_made_is_named_with_a_remedy(influxd: Influxd) -> None:
    sink = sink_to(influxd.url, "create = false")
    with pytest.raises(
        RetryError, match='database not found: "treering"; run CREATE DATABASE "treering" there'
    ):
        sink.take(batch(1, seen(1)))
    sink.close()


def test_a_user_writes_with_a_password_from_an_owner_only_file(tmp_path: Path) -> None:
    server = Influxd(tmp_path, with_auth=True)
    with running(server):
        server.query("CREATE USER root WITH PASSWORD 'top' WITH ALL PRIVILEGES")
        admin = {"user": "root", "password": "top"}
        server.query('CREATE DATABASE "treering"', **admin)
        server.query("CREATE USER bridge WITH PASSWORD 'hidden'", **admin)
        secret_file(tmp_path / "good", "hidden")
        secret_file(tmp_path / "bad", "guessed")
        login = 'user = "bridge"\npassword_from = "{}"'
        guessing = sink_to(server.url, login.format("bad"), folder=tmp_path)
        with pytest.raises(
            RetryError, match=r"may not write .authorization failed.; give user 'bridge'"
        ) as caught:
            guessing.take(batch(1, seen(1)))
        assert "guessed" not in str(caught.value)
        knowing = sink_to(server.url, login.format("good"), folder=tmp_path)
        with pytest.raises(RetryError, match='or GRANT WRITE ON "treering"'):
            knowing.take(batch(1, seen(1)))
        server.query('GRANT WRITE ON "treering" TO bridge', **admin)
        knowing.take(batch(1, seen(1)))
        assert rows_in(server, "SELECT count(value) FROM reading", **admin)[0][1] == 1
        secret_file(tmp_path / "bad", "hidden")  # mended while the bridge runs
        with pytest.raises(RetryError):
            guessing.take(batch(1, seen(1)))  # what it knew; now it has read it again
        guessing.take(batch(1, seen(1)))
        assert guessing.pending == 0
        for each in (guessing, knowing):
            each.close()


# --- InfluxDB 2.x ----------------------------------------------------------------------------------------


class Influx2Server(http.server.ThreadingHTTPServer):
    """Answers as /api/v2/write is documented to: other tokens get 401, other buckets 404, a bad line 400."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.lines: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Influx2Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = urlsplit(self.path)
        query = {key: value for key, (value,) in parse_qs(asked.query).items()}
        self.server.requests.append(
            {"path": asked.path, **query, "encoding": self.headers["Content-Encoding"]}
        )
        lines = gzip.decompress(body).decode().split("\n")
        if self.headers["Authorization"] != "Token hidden":
            self.answer(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif query["bucket"] != "field":
            self.answer(404, {"code": "not found", "message": f'bucket "{query["bucket"]}" not found'})
        elif any("bad" in line for line in lines):
            self.answer(400, {"code": "invalid", "message": "unable to parse: bad, and nothing was written"})
        else:
            self.server.lines += lines
            self.answer(204, None)

    def answer(self, status: int, content: object) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Said to nobody."""


@pytest.fixture
def influx2() -> Iterator[Influx2Server]:
    with Influx2Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def sink_to_2(
    server: Influx2Server, folder: Path, *, bucket: str = "field", token: str = "hidden"
) -> InfluxSink:
    secret_file(folder / "token", token)
    more = f'organisation = "our farm"\nbucket = "{bucket}"\ntoken_from = "token"'
    return sink_to(server.url, more, folder=folder)


def test_a_bucket_of_2_gets_lines_by_token(influx2: Influx2Server, tmp_path: Path) -> None:
    sink = sink_to_2(influx2, tmp_path)
    sink.take(batch(1, seen(1)))
    sink.close()
    assert influx2.requests == [
        {
            "path": "/api/v2/write",
            "org": "our farm",
            "bucket": "field",
            "precision": "ns",
            "encoding": "gzip",
        }
    ]
    assert influx2.lines == [
        "reading,metric=temperature,network=garden,node=7,unit=degC value=21.5,raw=123i,version=1i"
        " 1763732701000000001"
    ]


def test_2_writes_nothing_of_a_batch_with_a_bad_line_so_its_others_come_again(
    influx2: Influx2Server, tmp_path: Path
) -> None:
    sink = sink_to_2(influx2, tmp_path)
    sink.send(["a v=1 1", "a v=2 2", "bad", "a v=3 3"])
    assert influx2.lines == ["a v=1 1", "a v=2 2", "a v=3 3"]
    assert sink.refused == 1
    sink.close()


# http.client leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_tls_trusts_the_ca_that_is_named_and_nobody_else(influx2: Influx2Server, tmp_path: Path) -> None:
    key, certificate = Authority(tmp_path).issue("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    influx2.socket = context.wrap_socket(influx2.socket, server_side=True)
    secret_file(tmp_path / "token", "hidden")
    url = f"https://localhost:{influx2.server_address[1]}"
    more = 'organisation = "our farm"\nbucket = "field"\ntoken_from = "token"\n'
    stranger = sink_to(url, more, folder=tmp_path)
    with pytest.raises(RetryError, match=r"its certificate is not trusted .*; name its CA: ca"):
        stranger.take(batch(1, seen(1)))
    trusting = sink_to(url, more + 'ca = "ca.pem"', folder=tmp_path)
    trusting.take(batch(1, seen(1)))
    assert len(influx2.lines) == 1
    for each in (stranger, trusting):
        each.close()


@pytest.mark.parametrize(
    ("bucket", "token", "told"),
    [
        ("field", "guessed", "may not write .unauthorized access.; give token_from a token that may write"),
        ("other", "hidden", "bucket \"other\" not found; make bucket 'other' of 'our farm' there"),
    ],
)
def test_2_refuses_with_a_remedy(
    influx2: Influx2Server, tmp_path: Path, bucket: str, token: str, told: str
) -> None:
    sink = sink_to_2(influx2, tmp_path, bucket=bucket, token=token)
    with pytest.raises(RetryError, match=told):
        sink.take(batch(1, seen(1)))
    sink.close()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('password = "hidden"', "password: secrets do not belong here"),
        ('password_from = "p"', r"\[\[influx\]\] has no user"),
        ('bucket = "b"\ndatabase = "d"', "database is of InfluxDB 1"),
        ('bucket = "b"', r"\[\[influx\]\] has no organisation"),
        ('url = "influx.local:8086"', "write url = "),
        ('url = "http://me:hidden@influx.local"', "url holds a user"),
        ('ca = "ca.pem"', "ca is of TLS, which is not used"),
        ('batch_age = "5"', "batch_age: '5' has no unit"),
        ("batsch = 5", "unknown key 'batsch'"),
    ],
)
def test_settings_that_cannot_be_name_the_line_and_the_remedy(lines: str, told: str) -> None:
    with pytest.raises(DescriptionError, match=f"bridge.toml:[1-3]: .*{told}"):
        InfluxSettings.from_table(table(f"[[influx]]\n{lines}\n", "influx"), Path("."))
