"""One connection to an MQTT broker, 3.1.1 or 5, driven by whoever uses it: it has no thread of its own.

Every message goes with QoS 1, and `publish` returns when all are acknowledged: only then the broker has them.
A connection that fails is not mended: its user makes a new one, and sends anew what was not acknowledged.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.log.facts import RetryError

QOS = 1
CONNECT_TIMEOUT_S = 5.0
MAX_POLLS = 1_000  # messages handled at once, before the user's own work goes on
_LOOP_S = 0.2  # at most so long until time-outs are looked at
# What a broker of MQTT 5 will never take (3.4.2.1); the rest of a batch may go.
_HOPELESS = {"Topic name invalid", "Payload format invalid"}
_LOGIN = "mend user and password_from"
_REMEDIES = {
    "Not authorized": _LOGIN,
    "Bad user name or password": _LOGIN,
    "Unsupported protocol version": 'set version = "3.1.1"',
    "Client identifier not valid": "set client_id",
}


class Message(NamedTuple):
    """What is published; an empty retained payload takes back what was retained there."""

    topic: str
    payload: str
    retain: bool = False


class MqttConnection:
    """Connected when it is made. `on_message` gets topic and payload of what was subscribed to."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        protocol: MQTTProtocolVersion,
        client_id: str,
        user: str | None,
        password: str | None,
        tls: ssl.SSLContext | None,
        will: Message,
        keepalive_s: int,
        ack_timeout_s: float,
        window: int,
        on_message: Callable[[str, str], None],
    ) -> None:
        """Raises RetryError, with the cause and the remedy, if there is no connection."""
        self._where = f"{host}:{port}"
        self._ack_timeout_s = ack_timeout_s
        self._window = window
        self._unacknowledged: dict[int, Message] = {}
        self._acknowledgements = 0
        self._refusals: list[tuple[Message, str]] = []
        self._connected: str | None = None  # what the broker said to our CONNECT
        self._denied: str | None = None  # a message that the broker does not take from us
        self._lost: str | None = None
        self._polled = 0
        self._on_message = on_message
        self._client = self._make(client_id, protocol, tls)
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.will_set(will.topic, will.payload, QOS, will.retain)
        try:
            self._connect(host, port, keepalive_s)
        except RetryError:
            self.abandon()
            raise

    def publish(self, messages: Sequence[Message]) -> list[tuple[Message, str]]:
        """Returns when the broker has them, with those that it will never take, and why.

        Raises RetryError if the connection fails, or nothing is acknowledged for `ack_timeout_s`.
        """
        self._refusals = []
        waiting = iter(messages)
        self._fill(waiting)
        seen, deadline_s = self._acknowledgements, time.monotonic() + self._ack_timeout_s
        while self._unacknowledged:
            self._loop(_LOOP_S)
            if seen != self._acknowledgements:
                seen, deadline_s = self._acknowledgements, time.monotonic() + self._ack_timeout_s
                self._fill(waiting)
            elif time.monotonic() > deadline_s:
                raise self._failed(f"no acknowledgement for {self._ack_timeout_s:g} s", "look into its log")
        self._check(MQTTErrorCode.MQTT_ERR_SUCCESS)
        return self._refusals

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for these; what comes is handed out by `poll` and `publish`. Raises RetryError."""
        for topic in topics:
            code, _ = self._client.subscribe(topic, QOS)
            self._check(code)

    def poll(self) -> None:
        """Take what has come, and keep the connection alive. Raises RetryError if it is lost."""
        for _ in range(MAX_POLLS):
            before = self._polled
            self._loop(0)
            if before == self._polled:
                return

    def close(self, farewell: Message | None = None) -> None:
        """Disconnect, with a last message if there is one; never raises for what is lost by then."""
        if farewell is not None and self._lost is None:
            try:
                self.publish([farewell])
            except RetryError:
                return
        self._client.disconnect()

    def abandon(self) -> None:
        """End the connection without a word, so that the broker publishes the will."""
        if (connected := self._client.socket()) is not None:
            connected.close()

    # --- with paho ---------------------------------------------------------------------------------------

    def _make(self, client_id: str, protocol: MQTTProtocolVersion, tls: ssl.SSLContext | None) -> Client:
        is_5 = protocol is MQTTProtocolVersion.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if is_5 else True,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # `_fill` keeps the window, as the broker says how large it is
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_any_message
        return client

    def _connect(self, host: str, port: int, keepalive_s: int) -> None:
        try:
            self._client.connect(host, port, keepalive_s)
        except ssl.SSLCertVerificationError as error:
            cause = f"its certificate is not trusted ({error.verify_message})"
            raise self._failed(cause, "name its CA: ca") from error
        except OSError as error:
            cause = error.strerror or str(error) or type(error).__name__
            raise self._failed(cause, "is the broker running?") from error
        deadline_s = time.monotonic() + self._ack_timeout_s
        while self._connected is None:
            self._loop(_LOOP_S)
            if time.monotonic() > deadline_s:
                raise self._failed("no answer to CONNECT", "is it an MQTT broker, and its TLS port or not?")
        if self._connected != "Success":
            raise self._refused(self._connected)

    def _fill(self, waiting: Iterator[Message]) -> None:
        while len(self._unacknowledged) < self._window:
            message = next(waiting, None)
            if message is None:
                return
            sent = self._client.publish(message.topic, message.payload, QOS, message.retain)
            self._check(sent.rc)
            self._unacknowledged[sent.mid] = message

    def _loop(self, timeout_s: float) -> None:
        self._check(self._client.loop(timeout_s))

    def _check(self, code: MQTTErrorCode) -> None:
        if self._connected not in (None, "Success"):
            raise self._refused(self._connected)
        if self._denied is not None:  # before what follows: some brokers end the connection then
            raise self._failed(self._denied, "let the user write to that topic")
        if self._lost is not None or code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            is_new = self._connected is None
            remedy = (
                'is it its TLS port? does it need version = "3.1.1"?' if is_new else "is the broker running?"
            )
            raise self._failed(self._lost or "the connection is lost", remedy)

    def _failed(self, cause: str, remedy: str) -> RetryError:
        return RetryError(f"{self._where}: {cause}; {remedy}")

    def _refused(self, reason: str) -> RetryError:
        return self._failed(f"refuses the connection ({reason})", _REMEDIES.get(reason, "look into its log"))

    # --- callbacks ---------------------------------------------------------------------------------------

    def _on_connect(
        self,
        client: Client,
        data: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._connected = str(reason)
        receive_maximum = getattr(properties, "ReceiveMaximum", None)  # MQTT 5, 3.2.2.3.3
        if receive_maximum is not None:
            self._window = min(self._window, receive_maximum)

    def _on_disconnect(
        self,
        client: Client,
        data: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        said = f" ({reason})" if flags.is_disconnect_packet_from_server else ""
        self._lost = f"the connection is lost{said}"

    def _on_publish(
        self, client: Client, data: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        message = self._unacknowledged.pop(mid, None)
        if message is None:
            return
        self._acknowledgements += 1
        if str(reason) in _HOPELESS:
            self._refusals.append((message, str(reason)))
        elif reason.is_failure:
            self._denied = f"refuses {message.topic} ({reason})"

    def _on_any_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self._polled += 1
        self._on_message(message.topic, message.payload.decode(errors="replace"))
