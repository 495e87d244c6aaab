"""Datagrams in batches: recvmmsg and recvfrom read the same."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest

from bridge import datagrams, receive_buffer
from bridge.datagrams import BATCH, Datagram, reader_of
from bridge.udp_link import LOOPBACK

MOST_BYTES = 105
Read = Callable[[], Sequence[Datagram]]


class Socket:
    """A receiver, and two who send to it."""

    def __init__(self) -> None:
        self.receiver, *self.senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        self.receiver.setblocking(False)
        receive_buffer.enlarge(self.receiver)
        for end in (self.receiver, *self.senders):
            end.bind((LOOPBACK, 0))

    def send(self, data: bytes, sender: int = 0) -> Datagram:
        """What is to be read of it."""
        self.senders[sender].sendto(data, self.receiver.getsockname())
        return data[:MOST_BYTES], self.senders[sender].getsockname()

    def close(self) -> None:
        for end in (self.receiver, *self.senders):
            end.close()


@pytest.fixture
def ends() -> Iterator[Socket]:
    made = Socket()
    yield made
    made.close()


@pytest.fixture(params=["together", "each"])
def read(request: pytest.FixtureRequest, ends: Socket, monkeypatch: pytest.MonkeyPatch) -> Read:
    if request.param == "each":
        monkeypatch.setattr(datagrams, "_recvmmsg", lambda: None)
    elif sys.platform != "linux":
        pytest.skip("recvmmsg is of Linux")
    return reader_of(ends.receiver, MOST_BYTES)


def test_where_nothing_has_come_nothing_is_read(read: Read) -> None:
    assert read() == []


def test_datagrams_come_in_order_with_their_senders(ends: Socket, read: Read) -> None:
    for turn in range(3):
        sent = [ends.send(bytes([turn, number]) * number, number % 2) for number in range(20)]
        assert read() == sent
        assert read() == []


def test_a_batch_is_read_and_the_rest_the_next_time(ends: Socket, read: Read) -> None:
    sent = [ends.send(bytes(number % 100)) for number in range(BATCH + 3)]
    assert read() == sent[:BATCH]
    assert read() == sent[BATCH:]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes an error of it")
def test_what_is_longer_is_cut_off(ends: Socket, read: Read) -> None:
    sent = [ends.send(bytes(range(250)) * length) for length in (1, 8)] + [ends.send(b"next")]
    assert read() == sent


def test_a_socket_that_was_closed_reads_as_empty(ends: Socket, read: Read) -> None:
    ends.send(b"lost")
    ends.receiver.close()
    assert read() == []


def test_of_too_many_senders_all_are_looked_at_anew(
    ends: Socket, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "_KNOWN_ADDRESSES", 1)
    for _ in range(3):
        sent = [ends.send(b"x", sender) for sender in (0, 1, 1, 0)]
        assert read() == sent
