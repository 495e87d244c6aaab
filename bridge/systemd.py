"""What a service tells systemd (sd_notify(3)); silent where nobody listens."""

from __future__ import annotations

import os
import socket
import time

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(*states: str) -> None:
    """Tell these states at once, such as READY or "STATUS=3 segments"."""
    where = os.environ.get("NOTIFY_SOCKET")
    if not where:
        return
    address = "\0" + where[1:] if where.startswith("@") else where  # @: of Linux' abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(states).encode(), address)
    except OSError:  # who started us does not listen: it is told nothing, and we go on
        return


def reloading() -> str:
    """The state while a configuration is read again; READY ends it."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_interval_s() -> float | None:
    """How often to tell "WATCHDOG=1": half of what systemd waits; None if it does not."""
    try:
        limit_us = int(os.environ["WATCHDOG_USEC"])
        is_ours = int(os.environ.get("WATCHDOG_PID", os.getpid())) == os.getpid()
    except (KeyError, ValueError):
        return None
    return limit_us / 2e6 if is_ours and limit_us > 0 else None
