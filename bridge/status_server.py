"""The status of a bridge over HTTP: /status as JSON, /metrics for Prometheus. It only reads."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from bridge.addresses import STATUS_PORT, Address, address_in, address_text, is_local
from bridge.errors import UsageError
from bridge.metrics import metrics_text
from protocol.simulator.toml_tables import Table

DEFAULT_ADDRESS = Address("127.0.0.1", STATUS_PORT)
DEFAULT_LISTEN = address_text(DEFAULT_ADDRESS)
REQUEST_TIMEOUT_S = 5.0
MAX_REQUESTS = 16  # at a time
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")

_log = logging.getLogger(__name__)

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """[status]: where to answer."""

    address: Address = DEFAULT_ADDRESS

    @classmethod
    def from_table(cls, table: Table) -> StatusSettings | None:
        """None for listen = "off". Raises DescriptionError."""
        table.expect(("listen",))
        if table.text("listen", DEFAULT_LISTEN) == "off":
            return None
        return cls(address_in(table, "listen", DEFAULT_LISTEN))


class StatusServer:
    """Answers in threads of its own, from `start` to `stop`; `status` must bear being called there."""

    def __init__(self, settings: StatusSettings, status: Callable[[], Status]) -> None:
        self._settings = settings
        self._status = status
        self._server: _Server | None = None

    @property
    def address(self) -> Address:
        """Where it listens: with port 0 in its settings, the one that the system chose."""
        assert self._server is not None
        host, port = self._server.server_address[:2]
        return Address(str(host), port)

    def start(self) -> None:
        """Raises UsageError if the address cannot be had."""
        try:
            self._server = _Server(self._settings.address, self._status)
        except OSError as error:
            raise UsageError(
                f"status.listen {address_text(self._settings.address)}: {error.strerror};"
                ' give another: [status] listen = "127.0.0.1:PORT", or "off"'
            ) from error
        threading.Thread(target=self._server.serve_forever, name="status", daemon=True).start()

    def stop(self) -> None:
        """Harmless when it is not started."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: Address, status: Callable[[], Status]) -> None:
        self.status = status
        self.is_local = is_local(address)
        if ":" in address.host:
            self.address_family = socket.AF_INET6
        self._places = threading.BoundedSemaphore(MAX_REQUESTS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own. Beyond MAX_REQUESTS who comes has to come again."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The whole of that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone, as a rule: that is no news."""
        _log.debug("status: %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT_S
    server_version = "treering"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a request."""
        if self.server.is_local and not self._is_for_this_computer():
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path not in ("/status", "/metrics"):
            self.send_error(HTTPStatus.NOT_FOUND, "there are /status and /metrics")
        elif (status := self._status()) is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "the bridge is busy")
        elif self.path == "/status":
            self._answer("application/json", json.dumps(status).encode())
        else:
            self._answer(CONTENT_TYPE_LATEST, metrics_text(status))

    def _status(self) -> Status | None:
        """None if it does not come in time."""
        try:
            return self.server.status()
        except TimeoutError:
            return None

    def _is_for_this_computer(self) -> bool:
        """A page of another site may lead a browser here under a name of its own (DNS rebinding)."""
        name = self.headers.get("Host", "").rpartition(":")
        return (name[0] or name[2]) in _LOCAL_NAMES

    def _answer(self, content_type: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are no news."""
        _log.debug(format, *args)
