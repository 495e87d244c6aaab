"""The keys of a sealed network (PROTOCOL.md 10.4): all come from its master key, and none is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

KEY_BYTES = 16
MAX_EPOCH = 0xFFFF


def network_key(master: bytes, epoch: int) -> bytes:
    """The key that every member seals frames under in that epoch. Raises ValueError."""
    return _derived(master, b"treering network", epoch)


def node_key(master: bytes, node_id: int) -> bytes:
    """The key of that node's letters, and of its frames to the host. Raises ValueError."""
    return _derived(master, b"treering node", node_id)


def _derived(master: bytes, label: bytes, context: int) -> bytes:
    """KBKDF-CMAC: NIST SP 800-108r1, counter mode, r = 32, a 32-bit length."""
    check_key(master)
    if not 0 <= context <= 0xFFFF:
        raise ValueError(f"an epoch or a node id is 0 to 65535, not {context}")
    kdf = KBKDFCMAC(
        *(AES, Mode.CounterMode, KEY_BYTES, 4, 4, CounterLocation.BeforeFixed),
        label=label,
        context=context.to_bytes(2, "big"),
        fixed=None,
    )
    return kdf.derive(master)


def check_key(key: bytes) -> None:
    """Raises ValueError for what is no key; the message does not show it."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a member holds: the network key of its epoch, its own node key, perhaps the next epoch's key.

    A controller holds the master key as well. Raises ValueError for keys of a wrong length.
    """

    epoch: int
    network: bytes = field(repr=False)
    node: bytes = field(repr=False)
    next_epoch: int | None = None
    next_network: bytes | None = field(default=None, repr=False)
    master: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for key in (self.network, self.node, self.next_network, self.master):
            if key is not None:
                check_key(key)
        if (self.next_epoch is None) != (self.next_network is None):
            raise ValueError("a next epoch and its key come together")

    @classmethod
    def of_master(cls, master: bytes, node_id: int, epoch: int = 0) -> Keys:
        """Those of a controller. Raises ValueError."""
        return cls(epoch, network_key(master, epoch), node_key(master, node_id), master=master)

    def of_member(self, node_id: int) -> Keys:
        """What that node is given by whoever holds the master key. Raises ValueError without it."""
        if self.master is None:
            raise ValueError("only who holds the master key makes others' keys")
        return Keys(self.epoch, self.network, node_key(self.master, node_id))

    def with_next(self, epoch: int, key: bytes) -> Keys:
        """With the key of the epoch to come, in place of another that was to come. Raises ValueError."""
        return Keys(self.epoch, self.network, self.node, epoch, key, self.master)

    def advanced(self) -> Keys:
        """In the next epoch; the former key is forgotten. Raises ValueError when no next key is known."""
        if self.next_epoch is None or self.next_network is None:
            raise ValueError("the key of the next epoch is not known")
        return Keys(self.next_epoch, self.next_network, self.node, master=self.master)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a node knows of its network: its keys (None: the network is open), who may be root, who commands.

    Without gateways anybody may be root; without a controller nobody commands.
    """

    keys: Keys | None = None
    gateways: frozenset[int] = frozenset()
    controller: int | None = None
