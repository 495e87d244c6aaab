"""What is done to a simulated field, in words. No tkinter."""

from __future__ import annotations

from protocol.simulator.faults import (
    Action,
    Cut,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetLinkLoss,
    SetQuality,
    StepClock,
    Thaw,
)

_OF_ONE = {
    Kill: "killed node {}",
    Leave: "let node {} say goodbye and leave",
    Revive: "revived node {}",
    Join: "put node {} into the field",
    Reboot: "rebooted node {}",
    Freeze: "froze node {}: its memory lasts",
    Thaw: "thawed node {}",
}


def deed_text(action: Action) -> str:
    """What was done, as a line of the events."""
    match action:
        case Kill(node) | Leave(node) | Revive(node) | Join(node) | Reboot(node) | Freeze(node) | Thaw(node):
            return _OF_ONE[type(action)].format(node)
        case StepClock(node, step_ms):
            return f"put the clock of node {node} forward by {step_ms / 1000:g} s"
        case Cut(a, b, one_way):
            return f"cut the link from {a} to {b}" if one_way else f"cut the link between {a} and {b}"
        case Heal(a, b):
            return f"healed the link between {a} and {b}"
        case SetLinkLoss(a, b, loss, one_way):
            link = f"from {a} to {b}" if one_way else f"between {a} and {b}"
            return f"the link {link} loses {loss:.0%}"
        case Partition(groups):
            apart = "; ".join(", ".join(map(str, sorted(group))) for group in groups)
            return f"parted {apart} from the rest"
        case Merge():
            return "ended the partition"
        case SetQuality(quality):
            return f"every link loses {quality.loss:.0%}"
