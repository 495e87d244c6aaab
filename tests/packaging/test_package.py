"""The packaged program does what the clone's does, and its Debian package has everything in its place."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

TIMEOUT_S = 60.0
APP_ID = "org.treering.Treering"
FIELD_TYPE, LOG_TYPE = "application/x-treering-field+toml", "application/x-treering-log"


def run(*command: str | Path, env: Mapping[str, str] | None = None) -> str:
    """What it prints; it has to succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=env,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def demo_log(app: Path, network: str) -> Path:
    return app.parent / "_internal" / "demo" / f"demo-{network}.pcapng"


def test_it_tells_the_version_of_the_project(app: Path, stranger: Mapping[str, str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run(app, "--version", env=stranger) == f"treering {project['version']}\n"


def test_all_commands_are_in_it(app: Path, stranger: Mapping[str, str]) -> None:
    source = run(sys.executable, "-m", "desktop.command", "--help")
    assert run(app, "--help", env=stranger) == source


@pytest.mark.parametrize("network", ["tree", "ring", "polling"])
def test_it_replays_the_logs_that_come_along_as_the_clone_does(
    app: Path, stranger: Mapping[str, str], network: str
) -> None:
    told = run(app, "replay", "--json", demo_log(app, network), env=stranger)
    assert told.count("\n") >= 40
    assert told == run(sys.executable, "-m", "desktop.command", "replay", "--json", demo_log(app, network))


def test_its_processes_work_and_draw(app: Path, stranger: Mapping[str, str], tmp_path: Path) -> None:
    """A sweep starts processes of the same program, and its plot is matplotlib's."""
    plot = tmp_path / "sweep.png"
    options = ("--nodes", "5,10", "--spacing", "12", "--range", "25", "--rounds", "4", "--plot", plot)
    assert "The smallest T" in run(app, "sweep", *options, env=stranger)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_it_writes_parquet(app: Path, stranger: Mapping[str, str], tmp_path: Path) -> None:
    from pyarrow import parquet

    path = tmp_path / "readings.parquet"
    run(app, "export", demo_log(app, "tree"), "-o", path, env=stranger)
    assert parquet.read_table(path).num_rows > 500


def test_the_images_that_flash_writes_are_in_it(app: Path, built_board: None) -> None:
    images = {path.name for path in (app.parent / "_internal" / "build" / "firmware").glob("*.hex")}
    assert images >= {
        f"treering-{name}.hex" for name in ("uno", "uno-ring", "uno-polling", "mega", "leonardo")
    }


def test_it_does_not_tell_where_it_was_built(app: Path) -> None:
    place = os.fsencode(ROOT)
    telling = [p for p in app.parent.rglob("*") if p.is_file() and place in p.read_bytes()]
    assert telling == []


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a system onto which the Debian package is unpacked."""
    root = tmp_path_factory.mktemp("root")
    (deb,) = dist.glob("*.deb")
    run("dpkg-deb", "--extract", deb, root)
    run("dpkg-deb", "--control", deb, root / "DEBIAN")
    return root


def test_the_debian_package_starts_from_where_it_is_installed(
    installed: Path, stranger: Mapping[str, str]
) -> None:
    link = installed / "usr" / "bin" / "treering"
    assert link.readlink() == Path("/opt/treering/treering")
    assert run(installed / "opt/treering/treering", "--version", env=stranger).startswith("treering ")


def test_the_desktop_accepts_what_it_is_told(installed: Path) -> None:
    share = installed / "usr" / "share"
    run("desktop-file-validate", share / "applications" / f"{APP_ID}.desktop")
    run("appstreamcli", "validate", "--no-net", share / "metainfo" / f"{APP_ID}.metainfo.xml")
    for side in (16, 48, 256):
        assert (share / "icons" / "hicolor" / f"{side}x{side}" / "apps" / f"{APP_ID}.png").is_file()


def test_fields_and_logs_are_known_by_their_names(installed: Path) -> None:
    mime = installed / "usr" / "share" / "mime"
    run("update-mime-database", mime)
    globs = (mime / "globs2").read_text(encoding="utf-8").splitlines()
    assert f"60:{FIELD_TYPE}:*.treering.toml" in globs
    assert f"60:{LOG_TYPE}:treering-*.pcapng" in globs
    entry = (installed / "usr/share/applications" / f"{APP_ID}.desktop").read_text(encoding="utf-8")
    assert FIELD_TYPE in entry
    assert LOG_TYPE in entry


def test_boards_are_for_who_sits_at_the_computer(installed: Path) -> None:
    """logind gives rights by the tag in 73-seat-late.rules: ours has to come before."""
    (rules,) = (installed / "usr/lib/udev/rules.d").iterdir()
    assert rules.name < "73-seat-late.rules"
    assert 'TAG+="uaccess"' in rules.read_text(encoding="utf-8")


def test_the_package_says_what_it_needs(installed: Path) -> None:
    control = (installed / "DEBIAN" / "control").read_text(encoding="utf-8")
    assert "@" not in control.replace("treering@localhost", "")
    assert "\nDepends: libc6 (>= 2." in control
    for script in ("postinst", "postrm"):
        path = installed / "DEBIAN" / script
        assert os.access(path, os.X_OK)
        run("sh", "-n", path)
