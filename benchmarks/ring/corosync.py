"""How long Corosync, the peer of the token ring, takes to close its ring over a member killed with -9.

Eight instances on one machine, each with a network namespace of its own on one bridge, and its own /dev/shm
and /run. `kill -9` hits one after the other; measured is the time until the first survivor misses the token,
and until every survivor reports the membership without the dead one and serves again. It comes back, and the
next is killed when all eight are in. Needs Linux, root and Debian's `corosync`. README.md explains the table.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import random
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from benchmarks.ring.gaps import LAB_SCRIPT, Gaps, print_gaps

MEMBERS = frozenset(range(1, 9))
# corosync.conf(5) of 3.1.7: "token", "token_coefficient", "consensus" (1.2 times the real token timeout), and
# "Reforming a new configuration takes about 50 milliseconds in addition to this timeout."
TOKEN_MS = 3000
TOKEN_COEFFICIENT_MS = 650
CONSENSUS_SHARE = 1.2
REFORMING_MS = 50
# An idle ring holds the token for a while; kills spread over this long fall on any moment of it.
PHASE_S = 2.0
# Links come up by pings, at a pace of the token timeout; a busy machine takes longer.
PATIENCE_S = 60
# From <linux/sched.h>; Python has os.unshare() from 3.12 on.
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

# A tmpfs that this process and its children alone see.
LAB = Path("/run")
INSTANCE_SCRIPT = """\
mount --bind {folder} /run && mount -t tmpfs tmpfs /dev/shm &&
exec setpriv --pdeathsig KILL corosync -f -c /run/corosync.conf"""

TOKEN_LOST = re.compile(r"\[TOTEM *\] A processor failed, forming new configuration")
MEMBERSHIP = re.compile(r"\[QUORUM *\] Members\[\d+\]:([ \d]*)")


class CorosyncError(Exception):
    """An instance ended, or did not come to the membership that it should have."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What corosync.conf sets: `token_ms`, and `coefficient_ms` for each member beyond the second."""

    token_ms: int = TOKEN_MS
    coefficient_ms: int = TOKEN_COEFFICIENT_MS

    @property
    def detection_s(self) -> float:
        """The token timeout that the instances really use."""
        return (self.token_ms + (len(MEMBERS) - 2) * self.coefficient_ms) / 1000

    @property
    def consensus_s(self) -> float:
        """How long they wait for everyone's word on the membership: the dead one's too."""
        return CONSENSUS_SHARE * self.detection_s

    @property
    def documented_s(self) -> float:
        """Detection and reforming, as the manual page puts it."""
        return self.detection_s + REFORMING_MS / 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds from a kill to the first survivor's loss of the token, and to the last one's new membership."""

    missed_s: float
    closed_s: float


@dataclass(slots=True)
class Instance:
    """A running corosync and what it last said; times are the event loop's, in seconds."""

    member: int
    process: asyncio.subprocess.Process
    changed: asyncio.Event
    members: frozenset[int] = frozenset()
    members_since_s: float = 0.0
    token_lost_s: float = 0.0
    ended: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=3))

    async def follow(self) -> None:
        """Read its log until it ends."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            self._note(raw.decode(errors="replace").rstrip(), asyncio.get_running_loop().time())
        self.ended = True
        self.changed.set()

    def _note(self, line: str, now_s: float) -> None:
        self.last_lines.append(line)
        if TOKEN_LOST.search(line):
            self.token_lost_s = now_s
        elif match := MEMBERSHIP.search(line):
            members = frozenset(map(int, match[1].split()))
            if members != self.members:
                self.members, self.members_since_s = members, now_s
                self.changed.set()


class Ring:
    """The eight instances; as a context it ends them all, whatever happened."""

    def __init__(self) -> None:
        self._instances: dict[int, Instance] = {}
        self._followers: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Ring:
        return self

    async def __aexit__(self, *_: object) -> None:
        for member in list(self._instances):
            await self.kill(member)

    async def start(self, member: int) -> None:
        """Start this member's instance; it is in when `agree` says so."""
        script = INSTANCE_SCRIPT.format(folder=_folder(member))
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", _name(member), "sh", "-c", script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C is for us
        )
        self._instances[member] = Instance(member, process, self._changed)
        self._followers[member] = asyncio.create_task(self._instances[member].follow())

    async def kill(self, member: int) -> float:
        """`kill -9`; the time just before."""
        instance = self._instances.pop(member)
        killed_s = asyncio.get_running_loop().time()
        if instance.process.returncode is None:
            instance.process.kill()
        await instance.process.wait()
        await self._followers.pop(member)
        return killed_s

    async def agree(self, within_s: float) -> None:
        """Wait until every running instance reports just the running ones as members."""
        running = frozenset(self._instances)
        try:
            async with asyncio.timeout(within_s):
                while others := [i for i in self._instances.values() if i.members != running]:
                    for instance in others:
                        if instance.ended:
                            raise CorosyncError(f"an instance ended: {_said(instance)}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            waited = f"no membership of {sorted(running)} within {within_s:.0f} s"
            raise CorosyncError(f"{waited}: {_said(others[0])}") from None

    def gap(self, killed_s: float) -> Gap:
        """What the survivors noted since the kill, once they agree."""
        survivors = self._instances.values()
        closed_s = max(i.members_since_s for i in survivors)
        missed_s = min((i.token_lost_s for i in survivors if i.token_lost_s > killed_s), default=closed_s)
        return Gap(missed_s - killed_s, closed_s - killed_s)


def _name(member: int) -> str:
    return f"n{member}"


def _folder(member: int) -> Path:
    return LAB / _name(member)


def _address(member: int) -> str:
    return f"10.0.0.{member}"


def _said(instance: Instance) -> str:
    """Its view and its last lines, for an error."""
    view = sorted(instance.members)
    return f"{_name(instance.member)} sees members {view} and said {' | '.join(instance.last_lines)!r}"


def configuration(timeouts: Timeouts) -> str:
    """corosync.conf: knet, votequorum and everything else as Debian and the manual page have it."""
    changed = ""
    if timeouts != Timeouts():
        changed = f"\n  token: {timeouts.token_ms}\n  token_coefficient: {timeouts.coefficient_ms}"
    nodes = "\n".join(
        f"  node {{\n    name: {_name(m)}\n    nodeid: {m}\n    ring0_addr: {_address(m)}\n  }}"
        for m in sorted(MEMBERS)
    )
    return f"""\
totem {{
  version: 2
  cluster_name: ring
  transport: knet{changed}
}}
quorum {{
  provider: corosync_votequorum
}}
logging {{
  to_stderr: yes
  to_syslog: no
}}
system {{
  state_dir: /run
  move_to_root_cgroup: no
}}
nodelist {{
{nodes}
}}
"""


def enter_namespaces() -> None:
    """Move this process into a network and a mount namespace that vanish with it and its children.

    There is no way back: measure nothing else in this process. Raises PermissionError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def build_lab(timeouts: Timeouts) -> None:
    """A bridge and eight hosts on it, each with its corosync.conf. Raises subprocess.SubprocessError."""
    _command("mount", "--make-rprivate", "/")
    _command("mount", "-t", "tmpfs", "tmpfs", str(LAB))
    _command("ip", "-batch", "-", lines=["link add bridge0 type bridge", "link set bridge0 up"])
    for member in sorted(MEMBERS):
        _folder(member).mkdir()
        (_folder(member) / "corosync.conf").write_text(configuration(timeouts))
        host, port = _name(member), f"port{member}"
        _command("ip", "netns", "add", host)
        cable = [
            f"link add {port} type veth peer name eth0 netns {host}",
            f"link set {port} master bridge0 up",
        ]
        _command("ip", "-batch", "-", lines=cable)
        inside = [f"addr add {_address(member)}/24 dev eth0", "link set eth0 up", "link set lo up"]
        _command("ip", "-n", host, "-batch", "-", lines=inside)


def _command(*command: str, lines: Sequence[str] = ()) -> None:
    subprocess.run(command, input="\n".join(lines), text=True, check=True, timeout=PATIENCE_S)


async def measure(kills: int, timeouts: Timeouts, seed: int) -> list[Gap]:
    """One gap a kill; each member in turn. Raises CorosyncError."""
    generator = random.Random(seed)
    within_s = 2 * (timeouts.detection_s + timeouts.consensus_s) + PATIENCE_S
    gaps: list[Gap] = []
    async with Ring() as ring:
        for member in sorted(MEMBERS):
            await ring.start(member)
        await ring.agree(within_s)
        for number, member in zip(range(1, kills + 1), cycle(sorted(MEMBERS)), strict=False):
            await asyncio.sleep(generator.uniform(0, PHASE_S))
            killed_s = await ring.kill(member)
            await ring.agree(within_s)
            gap = ring.gap(killed_s)
            gaps.append(gap)
            times = f"token missed after {gap.missed_s:.2f} s, ring closed after {gap.closed_s:.2f} s"
            print(f"kill {number} of {kills}, {_name(member)}: {times}", file=sys.stderr)
            await ring.start(member)
            await ring.agree(within_s)
    return gaps


def missing() -> list[str]:
    """What keeps this from running here; empty if nothing does."""
    tools = [tool for tool in ("corosync", "ip", "mount", "setpriv") if shutil.which(tool) is None]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*([] if sys.platform == "linux" else ["Linux"]), *([] if is_root else ["root"]), *tools]


def version() -> str:
    """Such as 3.1.7."""
    shown = subprocess.run(["corosync", "-v"], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    match = re.search(r"version '([^']+)'", shown.stdout)
    return match[1] if match else "of unknown version"


def rows(gaps: Sequence[Gap], timeouts: Timeouts) -> tuple[Gaps, Gaps]:
    """What the table says of it."""
    name = f"Corosync {version()}, token {1000 * timeouts.detection_s:.0f} ms"
    return (
        Gaps(f"{name}: token missed", [gap.missed_s for gap in gaps], timeouts.detection_s),
        Gaps(f"{name}: ring closed", [gap.closed_s for gap in gaps], timeouts.documented_s),
    )


def _skipped(lacking: str) -> int:
    print(f"corosync: skipped, for want of {lacking}", file=sys.stderr)
    return 0


def _at_least_1(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--kills", type=_at_least_1, default=10, help="default 10; each takes about 20 s")
    token = "the token timeout of the ring of eight; default: 3000, and 650 for each member beyond the second"
    parser.add_argument("--token-ms", type=_at_least_1, help=token)
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills; default 1")


def main(args: argparse.Namespace) -> int:
    """0 when it measured or cannot run here, 1 when an instance failed."""
    if lacking := missing():
        return _skipped(", ".join(lacking))
    timeouts = Timeouts() if args.token_ms is None else Timeouts(args.token_ms, coefficient_ms=0)
    try:
        enter_namespaces()
    except PermissionError:
        return _skipped("the right to make namespaces (root's CAP_SYS_ADMIN)")
    try:
        build_lab(timeouts)
        gaps = asyncio.run(measure(args.kills, timeouts, args.seed))
    except (CorosyncError, OSError, subprocess.SubprocessError) as error:
        print(f"corosync: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("corosync: stopped", file=sys.stderr)
        return 1
    print_gaps([*rows(gaps, timeouts), *LAB_SCRIPT])
    return 0
