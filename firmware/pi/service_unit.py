"""The systemd unit of an agent."""

from __future__ import annotations

from pathlib import Path

from bridge.service_unit import check_path, filled

TEMPLATE = "treering-agent.service.in"
I2C_GROUP = "i2c"  # on Raspberry Pi OS, who may use /dev/i2c-*


def unit_text(command: Path, config: Path, *, has_i2c: bool, keys: Path | None = None) -> str:
    """A unit that runs `command` (the `treering` of some environment) with that configuration.

    `keys` is the file of keys that it names (by its name alone: both are in one folder), if it names one.
    All are absolute, and in no home, which Raspberry Pi OS hides from others. `has_i2c`: it may use the I2C
    buses; a system without any has no such group, and such a unit would not start there. Raises ValueError
    for a path that systemd would read otherwise.
    """
    values: dict[str, Path | str] = {
        "COMMAND": command,
        "CONFIG": config,
        "GROUPS": I2C_GROUP if has_i2c else "",
        "KEYS": "" if keys is None else f"LoadCredential={keys.name}:{keys}",
    }
    if keys is not None:
        check_path(keys)
    return filled(__package__, TEMPLATE, values)
