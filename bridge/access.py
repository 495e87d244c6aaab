"""How a command takes part in a network: with its keys, or in one that is open and said to be so."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from bridge.counter_file import CounterFile, state_folder
from bridge.errors import UsageError
from bridge.keys_file import KEYRING, NetworkKeys, keep_in_keyring, load_keys, read_keys, write_keys
from protocol.capture import Record
from protocol.keys import Keys, Membership
from protocol.packets import DropReason
from protocol.sealed_reader import HeardSenders, SealedReader
from protocol.simulator.toml_tables import Table

_KEYS_HELP = "the network's keys: a file of mode 0600 that `treering provision` wrote, or keyring:NAME"


@dataclass(frozen=True, slots=True)
class Access:
    """`keys` None: the network is open; its nodes obey whoever says to be `controller`, if one is named."""

    keys: NetworkKeys | None = None
    controller: int | None = None

    def membership_of(self, node_id: int) -> Membership:
        """What that node knows of the network. Raises UsageError if the keys are another member's."""
        if self.keys is None:
            return Membership(controller=self.controller)
        return self.keys.membership_of(node_id)

    @property
    def named_controller(self) -> int | None:
        """Whom the nodes obey; None: nobody."""
        return self.controller if self.keys is None else self.keys.controller

    def for_controller(self, node_id: int) -> Access:
        """That of the node that is to command others. Raises UsageError if it may not."""
        if self.keys is None:
            return Access(controller=node_id)
        if self.keys.controller != node_id:
            named = "nobody" if self.keys.controller is None else f"node {self.keys.controller}"
            problem, remedy = f"its controller is {named}", "be that node, or provision the network anew"
        elif self.keys.master is None:
            problem, remedy = "these keys are without the master key", "give those of the controller"
        else:
            return self
        raise UsageError(f"node {node_id} may not command {self.keys.name!r}: {problem}; {remedy}")

    def counter_file(self, node_id: int) -> CounterFile | None:
        """Where that node's long counter is kept; None if it need not be."""
        return None if self.keys is None else CounterFile(self.keys.name, node_id)

    def keep(self, member: Keys) -> None:
        """A member's keys were renewed: keep them, beside its counter. Raises UsageError."""
        if self.keys is not None and self.keys.member is not None:  # the master key makes all as needed
            write_keys(_renewed_file(self.keys), replace(self.keys, epoch=member.epoch, member=member))

    def reader(self) -> SealedReader | None:
        """Opens frames for who looks on; None if the network is open."""
        if self.keys is None:
            return None
        if self.keys.master is not None:
            # It knows the epoch after this one: that which is offered may be further.
            epoch = max(self.keys.epoch, (self.keys.offered_epoch or 0) - 1)
            return SealedReader(Keys.of_master(self.keys.master, 0, epoch), lives=self.keys.lives)
        assert self.keys.member is not None  # a key file holds one or the other
        return SealedReader(self.keys.member, self.keys.member_id, self.keys.lives)


OPEN = Access()


def load_access(where: str) -> Access:
    """With the keys that are there, or those that a controller sent since. Raises UsageError."""
    given = load_keys(where)
    if given.member is None or not _renewed_file(given).exists():
        return Access(given)
    renewed = read_keys(_renewed_file(given))
    is_of_same = renewed.member is not None and renewed.member.node == given.member.node
    return Access(renewed if is_of_same and renewed.epoch >= given.epoch else given)


def keep_keys(where: str, keys: NetworkKeys) -> None:
    """Put them where `load_keys` finds them. Raises UsageError."""
    if where.startswith(KEYRING):
        keep_in_keyring(keys)
    else:
        write_keys(Path(where), keys)


def _renewed_file(keys: NetworkKeys) -> Path:
    return state_folder() / f"{quote(keys.name, safe='')}-{keys.member_id}.keys.toml"


def add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """Keys, or none on purpose."""
    access = parser.add_mutually_exclusive_group()
    access.add_argument("--keys", metavar="FILE", help=_KEYS_HELP)
    access.add_argument("--open", action="store_true", help="an open network: anybody may read and take part")


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Keys to read sealed frames with."""
    parser.add_argument("--keys", metavar="FILE", help=_KEYS_HELP)


def access_of(args: argparse.Namespace) -> Access:
    """What was asked for. Raises UsageError if that is neither keys nor an open network."""
    if args.keys is not None:
        return load_access(args.keys)
    if not args.open:
        raise UsageError(
            "give --keys FILE (`treering provision` makes keys), or --open for a network without"
        )
    return OPEN


def access_in(table: Table, folder: Path) -> Access:
    """With the keys that the table names, in a file beside it; or to an open network, if it says so.

    Raises UsageError, DescriptionError if it says neither or both.
    """
    where = table.text("keys", None)
    if table.flag("open", False) == (where is not None):
        remedy = 'write keys = "FILE" (`treering provision` makes keys), or open = true'
        raise table.error("open", "neither keys nor an open network" if where is None else "both", remedy)
    if where is None:
        return OPEN
    return load_access(where if where.startswith(KEYRING) else str(folder / where))


def reading_access_of(args: argparse.Namespace) -> Access:
    """The keys that were given to read with, if any. Raises UsageError."""
    return OPEN if args.keys is None else load_access(args.keys)


_UNREAD_TEXTS = {
    DropReason.UNPROVEN: "came before their senders' counters were known",
    DropReason.OPEN: "are open, as anybody can make them",
    DropReason.REPLAYED: "are old ones sent again",
}


class RecordOpener:
    """Opens the sealed frames of records for who reads them; `unread` counts, by reason, what it did not.

    Without keys every record stays as it is. With keys open frames are nobody's: anybody can make them.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.unread: Counter[DropReason] = Counter()
        self._reader = access.reader()

    def learn(self, records: Iterable[Record]) -> None:
        """Note the lives that these records show: what came before them can be read, too."""
        if self._reader is not None:
            for record in records:
                self._reader.learn(record.frame)

    def heard(self) -> HeardSenders | None:
        """What it has learned of senders, for another opener; None without keys."""
        return None if self._reader is None else self._reader.heard()

    def recall(self, heard: HeardSenders | None) -> None:
        """Go on where another opener stood."""
        if self._reader is not None and heard is not None:
            self._reader.recall(heard)

    def open(self, record: Record) -> Record | None:
        """The record with its frame opened; None if these keys do not open it, or it is old."""
        if self._reader is None:
            return record
        opened = self._reader.open(record.frame)
        if isinstance(opened, DropReason):
            self.unread[opened] += 1
            return None
        return replace(record, frame=opened)

    def look(self, frame: bytes, lives: Iterable[int]) -> bytes | None:
        """That frame opened, whenever it was sent and whatever came before; nothing is counted or learned.

        None without keys, or if they do not open it. `lives` are those that its source may have had.
        """
        opened = None if self._reader is None else self._reader.look(frame, lives)
        return opened if isinstance(opened, bytes) else None


def unread_text(opener: RecordOpener, dropped: Mapping[DropReason, int]) -> str:
    """What a person must know of frames that could not be read; `dropped` are those counted without keys."""
    if sealed := dropped.get(DropReason.SEALED):
        return f"{sealed} frames are sealed, and say nothing without the keys; give --keys FILE"
    counts = opener.unread
    others = counts.total() - sum(counts[reason] for reason in _UNREAD_TEXTS)
    parts = [f"{counts[reason]} frames {text}" for reason, text in _UNREAD_TEXTS.items() if counts[reason]]
    if others:
        parts.append(f"{others} frames are sealed with keys other than these, or changed on their way")
    return "; ".join(parts)
