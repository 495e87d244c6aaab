"""`treering pair`: the driver on real sockets, and two processes that people answer (PROTOCOL.md 10.7)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from benchmarks.ports import free_port
from bridge.answers import OnAnswer
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys, read_keys, write_keys
from bridge.pair import failure, gift_of, keys_of
from bridge.pair_driver import PairDriver, Store, now_ms
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from desktop.command import main
from protocol.pairing import RANDOM_BYTES, Cause, Ended, KeyHolder, Machine, NewMachine, Paired
from protocol.pairing_gift import Gift
from tests.bridge.rig import run

COMMAND = [sys.executable, "-m", "desktop.command", "pair"]
NETWORK = NetworkKeys("garden", 3, frozenset({1, 2}), 1, bytes(range(16)))
NEW, HOLDER = 11, 1
TIMEOUT_S = 20

# --- keys as a gift ---


def test_the_new_member_keeps_what_the_holder_would_have_written_for_it() -> None:
    assert keys_of(gift_of(NETWORK, NEW, "keys.toml")) == NETWORK.for_member(NEW)


def test_the_master_key_is_given_to_nobody() -> None:
    with pytest.raises(UsageError, match=r"keys\.toml: node 1 is the controller"):
        gift_of(NETWORK, 1, "keys.toml")
    with pytest.raises(UsageError, match=r"keys\.toml: a member's keys"):
        gift_of(NETWORK.for_member(2), NEW, "keys.toml")


# --- the driver ---


class Desk:
    """A machine in this process, with a person who answers as the test says."""

    def __init__(self, answer: bool | None) -> None:
        self.codes: list[str] = []
        self.others: list[int] = []
        self._answer = answer

    def show_code(self, code: str) -> None:
        self.codes.append(code)

    def tell_other(self, other_id: int) -> None:
        self.others.append(other_id)

    def ask(self, on_answer: OnAnswer) -> None:
        asyncio.get_running_loop().call_soon(on_answer, self._answer)


def paired(
    new_desk: Desk, holder_desk: Desk, store: Store = lambda gift: None
) -> list[Paired | Ended | BaseException]:
    """How it ends at the new machine and at the holder, on sockets of their own."""
    ends: list[Paired | Ended | BaseException] = []

    async def meet() -> None:
        port = free_port()
        random = Random(1)
        gift = gift_of(NETWORK, NEW, "keys.toml")

        def begin(make: Callable[[bytes], Machine], desk: Desk, *store: Store) -> PairDriver:
            link = UdpLink(GROUP, port, LOOPBACK)
            return PairDriver(make(random.randbytes(RANDOM_BYTES)), link, desk, desk.ask, *store)

        new = begin(lambda entropy: NewMachine(NEW, entropy, now_ms()), new_desk, store)
        holder = begin(lambda entropy: KeyHolder(HOLDER, NEW, gift, entropy, now_ms()), holder_desk)
        runs = [driver.run(asyncio.Event()) for driver in (new, holder)]
        ends.extend(await asyncio.gather(*runs, return_exceptions=True))

    run(meet())
    return ends


def test_both_show_the_code_and_are_done() -> None:
    new, holder, stored = Desk(True), Desk(True), list[Gift]()
    assert paired(new, holder, stored.append) == [Paired(), Paired()]
    assert new.codes == holder.codes
    assert stored == [gift_of(NETWORK, NEW, "keys.toml")]


def test_keys_that_cannot_be_stored_end_it_at_both() -> None:
    def fail(gift: Gift) -> None:
        raise UsageError("keys.toml: No space left on device; make room")

    new, holder = paired(Desk(True), Desk(True), fail)
    assert isinstance(new, UsageError)
    assert holder == Ended(Cause.UNUSABLE, by_other=True)


# --- the command ---


class Process:
    """`treering pair --json` in a process, whose person is the test."""

    def __init__(self, *options: str) -> None:
        self.popen = subprocess.Popen(
            [*COMMAND, "--json", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def code(self) -> str:
        assert self.popen.stdout is not None
        row = json.loads(self.popen.stdout.readline())
        assert row["event"] == "code"
        return str(row["code"])

    def say(self, words: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(words)
        self.popen.stdin.flush()

    def leave(self) -> None:
        """Nobody is there any more to answer."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        self.popen.stdin = None

    def end(self) -> tuple[int, str, str]:
        """Exit code, what else it printed, and its messages."""
        output, errors = self.popen.communicate(timeout=TIMEOUT_S)
        assert "Traceback" not in errors
        return self.popen.returncode, output, errors


class Pairing:
    """Both commands, in one group."""

    def __init__(self, folder: Path, port: int, stack: ExitStack) -> None:
        self.keys, self.out = folder / "network.toml", folder / "keys.toml"
        write_keys(self.keys, NETWORK)
        self._udp = ["--interface", LOOPBACK, "--udp-port", str(port)]
        self._stack = stack

    def new(self, node_id: int = NEW) -> Process:
        return self._start("--id", str(node_id), "--out", str(self.out))

    def holder(self) -> Process:
        return self._start("--keys", str(self.keys), "--admit", str(NEW))

    def _start(self, *options: str) -> Process:
        process = Process(*options, *self._udp)
        self._stack.enter_context(process.popen)
        self._stack.callback(process.popen.kill)
        return process


@pytest.fixture
def pairing(tmp_path: Path) -> Iterator[Pairing]:
    with ExitStack() as stack:
        yield Pairing(tmp_path, free_port(), stack)


def test_two_processes_pair_and_the_new_one_has_its_keys_for_itself_alone(pairing: Pairing) -> None:
    new, holder = pairing.new(), pairing.holder()
    assert new.code() == holder.code()
    new.say("perhaps\nYes\n")
    holder.say("y\n")
    row = {"event": "paired", "node": NEW, "network": "garden"}
    exit_code, output, errors = new.end()
    assert (exit_code, json.loads(output)) == (0, row | {"keys": str(pairing.out)})
    assert "Type yes or no" in errors
    exit_code, output, _ = holder.end()
    assert (exit_code, json.loads(output)) == (0, row)
    assert read_keys(pairing.out) == NETWORK.for_member(NEW)
    if os.name == "posix":
        assert pairing.out.stat().st_mode & 0o777 == 0o600


def test_a_no_at_the_holder_writes_nothing(pairing: Pairing) -> None:
    new, holder = pairing.new(), pairing.holder()
    assert new.code() == holder.code()
    new.say("yes\n")
    holder.say("no\n")
    exit_code, output, errors = new.end()
    assert (exit_code, output) == (1, "")
    assert "node 11 is not paired: the person at the machine with the keys said that" in errors
    exit_code, output, errors = holder.end()
    assert (exit_code, output) == (1, "")
    assert "you said that the codes differ" in errors
    assert "keys were sent" not in errors
    assert not pairing.out.exists()


def test_a_no_after_the_keys_were_sent_says_so() -> None:
    refused = Ended(Cause.REFUSED, by_other=True)
    assert "keys were sent" in str(failure(refused, NEW, "node 11", "--id 11", is_giving=True))


def test_without_anybody_to_answer_it_ends(pairing: Pairing) -> None:
    new, holder = pairing.new(), pairing.holder()
    assert new.code() == holder.code()
    new.leave()
    exit_code, _, errors = new.end()
    assert exit_code == 1
    assert "nobody here said yes or no" in errors
    assert "nobody at node 11 said yes or no" in holder.end()[2]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal for one process")
def test_a_signal_ends_both(pairing: Pairing) -> None:
    new, holder = pairing.new(), pairing.holder()
    assert new.code() == holder.code()
    holder.popen.send_signal(signal.SIGINT)
    holder.popen.wait(20)  # before its input is closed, which would be an answer too
    assert "this machine was stopped" in holder.end()[2]
    exit_code, _, errors = new.end()
    assert exit_code == 1
    assert "the machine with the keys was stopped; start both again" in errors


def test_a_machine_that_is_not_admitted_is_named(pairing: Pairing) -> None:
    pairing.new(12)
    holder = pairing.holder()
    assert holder.popen.stderr is not None
    said = next(line for line in holder.popen.stderr if "admitted" in line)
    assert "node 12 asks too, and is not admitted: this is for node 11" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --id"),
        (["--admit", "11"], "--keys and --admit go together"),
        (["--keys", "network.toml", "--admit", "1"], "node 1 is the controller"),
        (["--keys", "network.toml", "--admit", "11", "--id", "11"], "this machine is that node"),
        (["--keys", "network.toml", "--admit", "11", "--out", "x"], "--out is for the new machine"),
        (["--id", "11", "--out", "network.toml"], "network.toml: exists, and keys are never written over"),
        (["--id", "11", "--out", "nowhere/keys.toml"], "nowhere/keys.toml: no folder that you may write to"),
    ],
)
def test_what_cannot_be_is_told_at_once(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_keys(Path("network.toml"), NETWORK)
    assert main(["pair", *options]) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("treering: "))
    assert message in line
