"""bridge.toml: all that a bridge is told. Each part reads its own table; here they come together.

name = "garden"                  # in every key and topic; the keys' own name without this
keys = "keys.toml"               # in the same folder, or keyring:NAME; or open = true
folder = "/var/lib/treering"     # of the packet log, the store and what the parts remember

[node]                           # the bridge's own: a tree's root, or a member of the others
id = 1
network = "tree"                 # ring, polling
period_s = 5

[[serial]]
port = "/dev/ttyACM0"

[udp]                            # nodes on the network; enabled = false for none

[tcp]                            # for the app and other bridges
listen = "127.0.0.1:28540"

[[connect]]
to = "192.168.1.20:28540"

[[text]]                         # an Arduino that prints its readings, a line each time
port = "/dev/ttyUSB0"
node = 42
columns = ["temperature"]

docs/bridge.md lists every table and key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from bridge.access import Access, access_in
from bridge.counter_file import state_folder
from bridge.descriptions import read_text
from bridge.discovery import DiscoverySettings
from bridge.errors import UsageError
from bridge.link_settings import SerialSettings, UdpSettings
from bridge.log.settings import LogSettings
from bridge.node_settings import NodeSettings
from bridge.rules.settings import RuleSettings
from bridge.sinks.kinds import SINKS, SinkSettings
from bridge.status_server import StatusSettings
from bridge.store.settings import StoreSettings
from bridge.tcp_link import ConnectSettings
from bridge.tcp_listener import ListenSettings
from bridge.text_link import TextSettings
from protocol.simulator.toml_tables import DescriptionError, Table

DEFAULT_NAME = "treering"

LinkSettings = SerialSettings | UdpSettings | ConnectSettings | TextSettings

_KEYS = (
    *("name", "keys", "open", "folder", "node", "serial", "udp", "tcp", "connect", "text", "log", "store"),
    *("actuator", "stream", "rule", *SINKS, "status", "discovery"),
)


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """A bridge; equal parts of two configurations are the same part, which a reload leaves as it is.

    `folder` is where it keeps its state. None of `listen`, `status` and `discovery`: there is no such part.
    `is_patient`: links that are not there yet are waited for.
    """

    name: str
    access: Access
    folder: Path
    log: LogSettings
    node: NodeSettings = field(default_factory=NodeSettings)
    links: tuple[LinkSettings, ...] = (UdpSettings(),)
    listen: ListenSettings | None = field(default_factory=ListenSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    rules: RuleSettings = field(default_factory=RuleSettings)
    sinks: tuple[SinkSettings, ...] = ()
    status: StatusSettings | None = field(default_factory=StatusSettings)
    discovery: DiscoverySettings | None = field(default_factory=DiscoverySettings)
    is_patient: bool = True


def default_folder(name: str) -> Path:
    """Where a bridge of that name keeps its state. Raises UsageError if there is no such place."""
    return state_folder() / quote(name, safe="")


def read_config(path: Path) -> BridgeConfig:
    """What the file says. Raises UsageError, a line that names the key's path, for what it cannot say."""
    text = read_text(path, "name a bridge's configuration (TOML): --config FILE")
    try:
        return _config_in(Table.parse(text, str(path), "write TOML"), path.parent)
    except DescriptionError as error:
        raise UsageError(f"{error.place}: {error.problem}; {error.remedy}") from error


def _config_in(document: Table, folder: Path) -> BridgeConfig:
    document.expect(_KEYS)
    node = NodeSettings.from_table(document.table("node"))
    rules = RuleSettings.from_table(document)
    access = access_in(document, folder)
    if rules.actuators:
        _check_commands(document, node, access)
    name = document.text("name", access.keys.name if access.keys else DEFAULT_NAME)
    state = folder / document.text("folder", str(default_folder(name)))
    udp = UdpSettings.from_table(document.table("udp"))
    discovery = DiscoverySettings.from_table(document.table("discovery"))
    config = BridgeConfig(
        name=name,
        access=access,
        folder=state,
        log=LogSettings.from_table(document.table("log"), state / "log"),
        node=node,
        links=(
            *(SerialSettings.from_table(table) for table in document.tables("serial")),
            *([] if udp is None else [udp]),
            *(ConnectSettings.from_table(table) for table in document.tables("connect")),
            *(TextSettings.from_table(table) for table in document.tables("text")),
        ),
        listen=ListenSettings.from_table(document.table("tcp")),
        store=StoreSettings.from_table(document.table("store")),
        rules=rules,
        sinks=tuple(
            of_kind.from_table(table, folder)
            for kind, of_kind in SINKS.items()
            for table in document.tables(kind)
        ),
        status=StatusSettings.from_table(document.table("status")),
        discovery=discovery if discovery.mdns else None,
    )
    _check_once(document, config)
    return config


def _check_commands(document: Table, node: NodeSettings, access: Access) -> None:
    """Raises DescriptionError if the bridge may not command the actuators there are."""
    if node.relay_only:
        raise document.error("actuator", "a bridge that only relays commands nobody", "remove relay_only")
    try:
        access.for_controller(node.node_id)
    except UsageError as error:
        raise document.error_of("actuator", str(error)) from error


def _check_once(document: Table, config: BridgeConfig) -> None:
    """No port, node or name of a sink is there twice."""
    texts = document.tables("text")
    _check_differ([*document.tables("serial"), *texts], "port", (), "a port is of one part")
    own = () if config.node.relay_only else (config.node.node_id,)
    _check_differ(texts, "node", own, "give it an id of its own")
    for kind in SINKS:
        _check_differ(document.tables(kind), "name", (), "give each a name of its own", default=kind)


def _check_differ(
    tables: Sequence[Table], key: str, known: Iterable[object], remedy: str, *, default: object = None
) -> None:
    seen = set(known)
    for table in tables:
        value = table.values.get(key, default)
        if value in seen:
            raise table.error(key, f"{key} {value!r} is there twice", remedy)
        seen.add(value)
