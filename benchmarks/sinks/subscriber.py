"""Somebody who listens at a broker, and counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.sinks.servers import until


class Subscriber:
    """Hears all messages of a broker: `heard` are topic, payload and whether it was retained, in order.

    Its session outlives its connection, and the broker if that keeps sessions.
    """

    def __init__(self, port: int, **login: Any) -> None:
        self.heard: list[tuple[str, str, bool]] = []
        self._subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False)
        if login:
            self.client.username_pw_set(**login)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda client, data, message: self.heard.append(
            (message.topic, message.payload.decode(), message.retain)
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(10)

    def on(self, topic: str) -> list[str]:
        """The payloads that came on it."""
        return [payload for name, payload, _ in self.heard if name == topic]

    def objects(self, beginning: str) -> list[Any]:
        """The JSON that came on topics with that beginning."""
        return [
            json.loads(payload)
            for name, payload, _ in self.heard
            if name.startswith(beginning) and payload[:1] == "{"
        ]

    def wait_for(self, count: int, beginning: str) -> list[Any]:
        """So many of them, at least."""
        until(lambda: len(self.objects(beginning)) >= count, f"{count} messages on {beginning}", 15)
        return self.objects(beginning)

    def close(self) -> None:
        """Go away."""
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def subscribed(port: int, **login: Any) -> Iterator[Subscriber]:
    """A subscriber, closed at the end."""
    subscriber = Subscriber(port, **login)
    try:
        yield subscriber
    finally:
        subscriber.close()
