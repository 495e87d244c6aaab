"""What a node is told before it starts: by options, or by a file that no one else may read.

id = 11
keys = "keys.toml"               # in the same folder, or keyring:NAME; or open = true
network = "tree"                 # ring, polling
neighbours = [1, 12]             # whom it hears; everybody without this

[udp]
interface = "192.168.1.20"

[[sensor]]
kind = "sht31d"                  # seesaw, anemometer, synthetic, dataset
address = 0x45

[[actuator]]
kind = "file"                    # command
path = "/sys/class/leds/led0/brightness"
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.access import OPEN, Access, access_in, access_of
from bridge.descriptions import ids_in, network_in, period_s_in, unusable
from bridge.errors import UsageError
from bridge.options import neighbours_of, network_of, sensor_of
from bridge.private_file import read_private
from bridge.sensors import NoSensor, Sensor
from bridge.udp_link import GROUP, PORT
from firmware.pi.actuators import ActuatorSettings
from firmware.pi.sensors.registry import Workshop
from firmware.pi.sensors.sensor_set import PATIENCE_S, SensorSet
from protocol.aggregate import TEMPERATURE
from protocol.packets import MAX_NODE_ID, Network
from protocol.simulator.toml_tables import Table
from protocol.timing import RingTiming

DEFAULT_PERIOD_S = 5.0
_KEYS = (
    *("id", "keys", "open", "network", "period_s", "order", "readings", "neighbours", "udp", "sensor"),
    *("actuator", "controller"),
)
# Options that say what is measured, as they are when they are not given.
_OTHER_SENSORS = {
    "metrics": (TEMPERATURE.id,),
    "synthetic": False,
    "constant": None,
    "no_sensor": False,
    "sensor_delay": None,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one agent; `neighbours` None: it hears everybody."""

    node_id: int
    network: Network
    sensor: Sensor
    metrics: tuple[int, ...]
    period_s: float = DEFAULT_PERIOD_S
    order: tuple[int, ...] = ()
    readings_asked: bool = False
    neighbours: frozenset[int] | None = None
    group: str = GROUP
    udp_port: int = PORT
    interface: str | None = None
    access: Access = OPEN
    actuators: tuple[ActuatorSettings, ...] = ()


# --- options ---------------------------------------------------------------------------------------------


def settings_of(args: argparse.Namespace) -> Settings:
    """What the options of `treering agent` say. Raises UsageError if they do not fit together."""
    with unusable():
        return _settings_of_options(args)


def _settings_of_options(args: argparse.Namespace) -> Settings:
    network = network_of(args)
    sensor, metrics = _sensor_of(args, network)
    return Settings(
        args.id,
        network,
        sensor,
        metrics,
        args.period,
        args.order,
        args.readings,
        neighbours_of(args, args.id),
        args.group,
        args.udp_port,
        args.interface,
        *_obeying(
            access_of(args),
            args.controller,
            [ActuatorSettings.from_table(_option_table("actuator", text), Path()) for text in args.actuator],
        ),
    )


def _sensor_of(args: argparse.Namespace, network: Network) -> tuple[Sensor, tuple[int, ...]]:
    """The sensor, and its metrics."""
    if not args.sensor:
        return sensor_of(args, args.id), args.metrics
    for option, usual in _OTHER_SENSORS.items():
        if getattr(args, option) != usual:
            name = "--" + option.replace("_", "-")
            raise UsageError(f"--sensor says what is measured; leave {name} out")
    sensors = _sensors(
        [_option_table("sensor", text) for text in args.sensor],
        Workshop(Path(), args.id),
        network,
        args.period,
    )
    return sensors, sensors.metrics


def _option_table(option: str, text: str) -> Table:
    """`KIND` or `KIND:key=value,...`, the values as in TOML."""
    kind, _, rest = text.partition(":")
    inner = f"kind = {json.dumps(kind)}" + (f", {rest}" if rest else "")
    document = f"{option} = {{ {inner} }}\n"
    return Table.parse(document, f"--{option} {text}", 'write KIND:key=value,..., a text as "text"').table(
        option
    )


# --- the file --------------------------------------------------------------------------------------------


def read_settings(path: Path) -> Settings:
    """What the file says. Raises UsageError if it cannot be used, or others may read it."""
    text = read_private(path, "it is for secrets", "name an agent's configuration (TOML)")
    with unusable():
        return _settings_in(Table.parse(text, str(path), "write TOML"), path.parent)


def _settings_in(table: Table, folder: Path) -> Settings:
    table.expect(_KEYS)
    table.need("id")
    node_id = table.whole("id", 0, 0, MAX_NODE_ID)
    network = network_in(table, "order", "readings")
    period_s = period_s_in(table, DEFAULT_PERIOD_S)
    udp = table.table("udp")
    udp.expect(("group", "port", "interface"))
    sources = table.tables("sensor")
    sensors = _sensors(sources, Workshop(folder, node_id), network, period_s)
    return Settings(
        node_id,
        network,
        sensors if sources else NoSensor(),
        sensors.metrics or (TEMPERATURE.id,),
        period_s,
        ids_in(table, "order"),
        table.flag("readings", False),
        frozenset(ids_in(table, "neighbours")) if "neighbours" in table.values else None,
        udp.text("group", GROUP),
        udp.whole("port", PORT, 1, 65_535),
        udp.text("interface", None),
        *_obeying(
            access_in(table, folder),
            table.whole("controller", None, 0, MAX_NODE_ID),
            [ActuatorSettings.from_table(one, folder) for one in table.tables("actuator")],
        ),
    )


def _obeying(
    access: Access, controller: int | None, actuators: Sequence[ActuatorSettings]
) -> tuple[Access, tuple[ActuatorSettings, ...]]:
    """Access with the controller, and what it may command. Raises UsageError."""
    if access.keys is None:
        access = Access(controller=controller)
    elif controller is not None:
        raise UsageError("the keys name the controller; leave controller out, it is for open networks")
    if actuators and access.named_controller is None:
        remedy = "provision the network with one" if access.keys else "name its id as controller"
        raise UsageError(f"nobody may command actuators, as there is no controller; {remedy}")
    return access, tuple(actuators)


# --- sensors ---------------------------------------------------------------------------------------------


def _sensors(tables: Sequence[Table], shop: Workshop, network: Network, period_s: float) -> SensorSet:
    """Raises UsageError for sensors that cannot be had."""
    with unusable():
        sources = [shop.make(table) for table in tables]
    try:
        return SensorSet(sources, patience_s=_patience_s(network, period_s))
    except ValueError as error:
        raise UsageError(f"{error}; leave one out, or say what each measures: metrics = [...]") from error


def _patience_s(network: Network, period_s: float) -> float:
    """Who waits for the node waits for its slowest sensor; a ring waits for all of them in turn."""
    if network is Network.RING:
        return 0.8 * RingTiming().measure_wait_ms / 1000
    return min(PATIENCE_S, period_s / 4)
