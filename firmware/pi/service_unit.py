"""The systemd unit of an agent."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

TEMPLATE = "treering-agent.service.in"
I2C_GROUP = "i2c"  # on Raspberry Pi OS, who may use /dev/i2c-*


def unit_text(command: Path, config: Path, *, has_i2c: bool, keys: Path | None = None) -> str:
    """A unit that runs `command` (the `treering` of some environment) with that configuration.

    `keys` is the file of keys that it names (by its name alone: both are in one folder), if it names one.
    All are absolute, and in no home, which Raspberry Pi OS hides from others. `has_i2c`: it may use the I2C
    buses; a system without any has no such group, and such a unit would not start there. Raises ValueError
    for a path that systemd would read otherwise.
    """
    for path in (command, config, *([] if keys is None else [keys])):
        if not path.is_absolute() or any(c.isspace() or c in "%\"'\\$:" for c in str(path)):
            raise ValueError(f"{path}: a unit takes absolute paths without blanks, quotes and % $ :")
    text = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    groups = I2C_GROUP if has_i2c else ""
    credential = "" if keys is None else f"LoadCredential={keys.name}:{keys}"
    for name, value in (("COMMAND", command), ("CONFIG", config), ("GROUPS", groups), ("KEYS", credential)):
        text = text.replace(f"@{name}@", str(value))
    return text
