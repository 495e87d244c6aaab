"""What goes into the packaged app besides its code, made when it is built: icons, demo logs, the version.

Of what a clone can build, the boards' images and the C core go along if they are there: `missing` says which
are not.
"""

from __future__ import annotations

import platform
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIRMWARE = Path("build", "firmware")
# What `treering flash` looks for, and `--core c`. Emulated boards stay away: libsimavr has another licence.
IMAGES = tuple(f"treering-{image}.hex" for image in ("uno", "uno-ring", "uno-polling", "mega", "leonardo"))
CORE = ("libtreering.so", "treering.cdef") if platform.system() == "Linux" else ()
ICON_SIDES_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512)
WINDOWS_SIDES_PX = tuple(side for side in ICON_SIDES_PX if side <= 256)
DEMO_ROUNDS = 40  # two nodes die and come back
_PARTS = Path("build", "package", "parts")


@dataclass(frozen=True, slots=True)
class Parts:
    """`datas` are files and the folder of the app that each goes to; `icons` are PNG files by their side."""

    version: str
    datas: list[tuple[Path, str]]
    icons: dict[int, Path]
    ico: Path
    icns: Path
    missing: tuple[str, ...]


def version_of(root: Path) -> str:
    """The version in pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def make_parts(root: Path) -> Parts:
    """Make all that is made, below build/package/parts."""
    folder = root / _PARTS
    folder.mkdir(parents=True, exist_ok=True)
    version = version_of(root)
    datas = [
        (root / "LICENSE", "."),
        (root / "protocol" / "wireshark" / "treering.lua", "protocol/wireshark"),
        *((log, "demo") for log in _demo_logs(folder)),
    ]
    built = {name: root / FIRMWARE / name for name in (*IMAGES, *CORE)}
    # Where firmware.field.flash and firmware.native look, from their own places in the app.
    datas += [(path, FIRMWARE.as_posix()) for path in built.values() if path.exists()]
    missing = tuple(name for name, path in built.items() if not path.exists())
    icons = _icons(folder)
    return Parts(version, datas, icons, folder / "treering.ico", folder / "treering.icns", missing)


def _demo_logs(folder: Path) -> list[Path]:
    """A packet log of each demo network, the same every time."""
    from desktop.sources.demo import demo_simulation
    from protocol.capture import CaptureWriter, Record
    from protocol.packets import Network

    paths = []
    for network in Network:
        writer = CaptureWriter()
        blocks = [writer.header()]

        def on_record(record: Record, writer: Any = writer, blocks: list[bytes] = blocks) -> None:
            blocks.append(writer.encode(record))

        demo_simulation(on_record, network).run(DEMO_ROUNDS)
        path = folder / f"demo-{network.name.lower()}.pcapng"
        path.write_bytes(b"".join(blocks))
        paths.append(path)
    return paths


def _icons(folder: Path) -> dict[int, Path]:
    """The mark of the app, as every system wants it."""
    from desktop.brand import mark
    from desktop.palette import LIGHT, PALETTES

    pictures = {side: mark(side, PALETTES[LIGHT]) for side in ICON_SIDES_PX}
    paths = {side: folder / f"treering-{side}.png" for side in ICON_SIDES_PX}
    for side, picture in pictures.items():
        picture.save(paths[side], optimize=True)
    *small, largest = (pictures[side] for side in WINDOWS_SIDES_PX)
    sizes = [(side, side) for side in WINDOWS_SIDES_PX]
    largest.save(folder / "treering.ico", sizes=sizes, append_images=small)
    pictures[512].save(folder / "treering.icns")
    return paths


def version_resource(version: str, name: str) -> Any:
    """What Windows shows as the properties of an executable."""
    assert sys.platform == "win32"
    from PyInstaller.utils.win32 import versioninfo as info

    numbers = (*(int(number) for number in version.split(".")[:3]), 0)
    texts = {
        "CompanyName": "Treering contributors",
        "FileDescription": "Treering",
        "FileVersion": version,
        "InternalName": name,
        "LegalCopyright": "MIT licence",
        "OriginalFilename": f"{name}.exe",
        "ProductName": "Treering",
        "ProductVersion": version,
    }
    # 0x0409 is US English, 1200 (0x04B0) is UTF-16.
    table = info.StringTable("040904B0", [info.StringStruct(key, text) for key, text in texts.items()])
    kids = [info.StringFileInfo([table]), info.VarFileInfo([info.VarStruct("Translation", [0x0409, 1200])])]
    return info.VSVersionInfo(ffi=info.FixedFileInfo(filevers=numbers, prodvers=numbers), kids=kids)
