"""`treering provision`: keys, and what each node of a field is told, from the field's description."""

from __future__ import annotations

import argparse
import json
import secrets
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path

from intelhex import IntelHex

from bridge.access import keep_keys
from bridge.errors import MissingError, UsageError
from bridge.keys_file import KEYRING, NetworkKeys, load_keys, write_keys
from bridge.private_file import write_private
from firmware.field.description import Board, Field, FieldNode, Role, read_field
from firmware.pi.service_unit import unit_text
from protocol.keys import KEY_BYTES
from protocol.settings import Settings, eeprom_image

HELP = "make the keys of a field and the configuration of its nodes"
KEYS_FILE = "keys.toml"
EEPROM_FILE = "eeprom.hex"
AGENT_FILE = "agent.toml"
UNIT_FILE = "treering-agent.service"
# Where a Pi's unit looks for its configuration, and for the command of an environment made as README says.
INSTALLED_FOLDER = Path("/etc/treering")
INSTALLED_COMMAND = Path("/opt/treering/bin/treering")
# A sensor of a description as an agent calls its driver.
PI_DRIVERS = {"sht31": "sht31d", "soil_moisture": "seesaw", "wind": "anemometer", "synthetic": "synthetic"}
I2C_SENSORS = frozenset(PI_DRIVERS) - {"synthetic"}


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for one node, and what to do with it."""

    node: int
    board: str
    roles: str
    files: tuple[str, ...]
    next_step: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("field", type=Path, metavar="FIELD.toml", help="the description of the field")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (a folder of the field's name)"
    )
    parser.add_argument(
        "--keyring", action="store_true", help="keep the master key in the system's keyring, not in a file"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a node")


def run(args: argparse.Namespace) -> int:
    field = read_field(args.field)
    folder = args.out or args.field.parent / field.name
    where = KEYRING + field.name if args.keyring else str(folder / KEYS_FILE)
    keys, made = provision_all(field, folder, where, args.field)
    if args.json:
        for one in made:
            print(json.dumps(asdict(one)))
    else:
        _tell(field, keys, folder, made, where)
    return 0


def provision_all(
    field: Field, folder: Path, where: str, description: Path
) -> tuple[NetworkKeys | None, list[Made]]:
    """Write what every node needs into that folder, and the keys to `where` (a file, or keyring:NAME).

    The keys are None of an open field. Raises UsageError.
    """
    _make_folder(folder)
    keys = None if field.is_open else network_keys(field, where)
    return keys, [provision(field, node, keys, folder, description) for node in field.nodes]


def network_keys(field: Field, where: str) -> NetworkKeys:
    """The keys that are there, or new ones: a master key is never written over. Raises UsageError."""
    known = _known_keys(where)
    master = known.master if known else secrets.token_bytes(KEY_BYTES)
    # Never the same again: who writes a board's EEPROM takes its counter away, and it may be another board.
    lives = {node.node_id: secrets.randbits(32) for node in field.nodes}
    keys = NetworkKeys(
        *(field.name, known.epoch if known else 0, frozenset(field.gateways), field.controller, master),
        lives=lives,
        offered_epoch=known.offered_epoch if known else None,
    )
    if keys != known:
        keep_keys(where, keys)
    return keys


def _known_keys(where: str) -> NetworkKeys | None:
    try:
        keys = load_keys(where)
    except MissingError:
        return None
    if keys.master is None:
        remedy = "leave --keyring out" if where.startswith(KEYRING) else "choose another --out"
        raise UsageError(f"{where}: these are a member's keys, without the master key; {remedy}")
    return keys


def provision(
    field: Field, node: FieldNode, keys: NetworkKeys | None, folder: Path, description: Path
) -> Made:
    """Write what that node needs. Raises UsageError."""
    own = folder / f"node-{node.node_id}"
    _make_folder(own)
    if node.board.is_arduino:
        path = own / EEPROM_FILE
        write_private(path, _intel_hex(eeprom_image(board_settings(field, node, keys))))
        files = [path]
        step = f"treering flash --field {description} --port PORT --node {node.node_id}"
    elif {Role.GATEWAY, Role.CONTROLLER} & node.roles:
        files = _write_keys(node, keys, own)
        step = f"on the Pi: treering bridge {_bridge_options(field, node, keys)}"
    else:
        files = _write_agent(field, node, keys, own)
        step = f"copy {own}/ to {INSTALLED_FOLDER} on the Pi, then: systemctl enable --now treering-agent"
    roles = ", ".join(sorted(node.roles))
    return Made(node.node_id, str(node.board), roles, tuple(map(str, files)), step)


def board_settings(field: Field, node: FieldNode, keys: NetworkKeys | None) -> Settings:
    """All that the board is told, keys included if the field is sealed. Raises UsageError."""
    settings = field.settings_of(node.node_id)
    if keys is None:
        return settings
    members = keys.membership_of(node.node_id).keys
    assert members is not None
    return replace(
        settings,
        epoch=members.epoch,
        network_key=members.network,
        node_key=members.node,
        first_life=keys.lives.get(node.node_id),
    )


def _intel_hex(data: bytes) -> bytes:
    image = IntelHex()
    image.puts(0, data)
    text = StringIO()
    image.write_hex_file(text)
    return text.getvalue().encode("ascii")


def _write_keys(node: FieldNode, keys: NetworkKeys | None, own: Path) -> list[Path]:
    """None of an open field. The controller's are the master key."""
    if keys is None:
        return []
    path = own / KEYS_FILE
    write_keys(path, keys.for_member(node.node_id))
    return [path]


def _bridge_options(field: Field, node: FieldNode, keys: NetworkKeys | None) -> str:
    options = [f"--id {node.node_id}", f"--network {field.network.name.lower()}"]
    options.append(f"--period {field.period_ms / 1000:g}")
    options += [f"--order {','.join(map(str, field.order))}"] if field.order else []
    return " ".join([*options, "--open" if keys is None else f"--keys {KEYS_FILE}"])


def _write_agent(field: Field, node: FieldNode, keys: NetworkKeys | None, own: Path) -> list[Path]:
    config = own / AGENT_FILE
    write_private(config, agent_text(field, node, keys).encode())
    unit = own / UNIT_FILE
    has_i2c = bool(I2C_SENSORS.intersection(node.sensors))
    sealed_with = None if keys is None else INSTALLED_FOLDER / KEYS_FILE
    unit.write_text(
        unit_text(INSTALLED_COMMAND, INSTALLED_FOLDER / AGENT_FILE, has_i2c=has_i2c, keys=sealed_with),
        encoding="utf-8",
    )
    return [config, *_write_keys(node, keys, own), unit]


def agent_text(field: Field, node: FieldNode, keys: NetworkKeys | None) -> str:
    """The configuration of an agent (firmware.pi.settings)."""
    lines = [
        f"# Node {node.node_id} of the field {field.name}: treering agent --config {AGENT_FILE}",
        f"id = {node.node_id}",
        f'network = "{field.network.name.lower()}"',
        f"period_s = {field.period_ms / 1000:g}",
    ]
    lines.append("open = true" if keys is None else f'keys = "{KEYS_FILE}"')
    if node.neighbours is not None:
        lines.append(f"neighbours = {list(node.neighbours)}")
    if field.order:
        lines.append(f"order = {list(field.order)}")
    for sensor in node.sensors:
        lines += ["", "[[sensor]]", f'kind = "{PI_DRIVERS[sensor]}"']
    return "\n".join(lines) + "\n"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; choose another folder: --out DIR") from error


def _tell(field: Field, keys: NetworkKeys | None, folder: Path, made: list[Made], where: str) -> None:
    if keys is None:
        print(f"{field.name}: OPEN, as the description says: anybody may take part and command.")
    else:
        print(f"{field.name}: sealed, epoch {keys.epoch}; the master key is in {where}: keep it safe.")
    for one in made:
        print(f"\nnode {one.node}  {one.board}  {one.roles}")
        for path in one.files:
            print(f"  {path}")
        print(f"  next: {one.next_step}")
    if Board.PI not in {node.board for node in field.nodes} and keys is not None:
        print("\nThe bridge of this network: treering bridge --keys " + str(folder / KEYS_FILE))
