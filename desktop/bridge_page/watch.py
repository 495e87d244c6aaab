"""Asks a bridge how it is, each second, in a thread of its own."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.addresses import Address, address_text
from bridge.errors import TreeringError
from bridge.status import BridgeStatus
from bridge.status_view import fetch_status
from desktop.model.bridge import BridgePage, page_of

PERIOD_S = 1.0
# An answer of this computer is there by then; another's thread is left to its time-out.
_STOP_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """What a bridge last said (None: nothing yet), when by time.monotonic, and why it does not answer now."""

    page: BridgePage | None = None
    told_s: float = 0.0
    problem: str = ""


class BridgeWatch:
    """`report` is the newest, from `start` to `stop`; it may be read from any thread."""

    def __init__(self, address: Address, fetch: Callable[[Address], BridgeStatus] = fetch_status) -> None:
        self.address = address
        self.report = Report()
        self._fetch = fetch
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bridge watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; harmless if it has not begun."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.report = self._ask()
            self._stopping.wait(PERIOD_S)

    def _ask(self) -> Report:
        try:
            return Report(page_of(self._fetch(self.address)), time.monotonic())
        except TreeringError as error:
            problem = str(error).partition(";")[0]
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            where = address_text(self.address)
            problem = f"the status at {where} is of another kind than this app knows ({error!r})"
        return Report(self.report.page, self.report.told_s, problem)


def is_this_computer(host: str) -> bool:
    """Whether that is how this computer calls itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def remedy(address: Address) -> str:
    """What to do where no status is told at that address."""
    if is_this_computer(address.host):
        return (
            "Is `treering bridge` running there, or, through a tunnel, on its own computer? Its bridge.toml"
            f' must have [status] listen = "{address_text(address)}", as it has unless it says otherwise.'
        )
    return (
        "A bridge tells its status to its own computer alone, unless its bridge.toml says otherwise:\n\n"
        f'    [status]\n    listen = "{address_text(address)}"\n\n'
        "Then everybody who reaches that address can read it. To keep it to yourself, come by ssh:\n\n"
        f"    ssh -L 28540:127.0.0.1:28540 -L 28541:127.0.0.1:28541 {address.host}\n\n"
        "and connect to localhost."
    )
