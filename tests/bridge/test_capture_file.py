"""Packet logs on disk: what is written can be read, whatever happens to the writer."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge import capture_file
from bridge.capture_file import CaptureFile, read_records
from bridge.errors import UsageError
from bridge.udp_link import LOOPBACK
from protocol.capture import Direction, Record
from tests.bridge.rig import broadcast

RECORDS = [
    Record(
        1_000_000 + i, f"serial:{i % 3}", Direction(1 + i % 2), broadcast(i), "a comment" if i == 5 else None
    )
    for i in range(50)
]


def no_cut(line: str) -> None:
    raise AssertionError(line)


def write(path: Path, records: list[Record] = RECORDS) -> Path:
    log = CaptureFile(path)
    for record in records:
        log.write(record)
    log.close()
    return log.path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "field.pcapng")
    assert path == tmp_path / "field.pcapng"
    assert list(read_records(path, no_cut)) == RECORDS


def test_every_record_is_on_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    log = CaptureFile(tmp_path / "field.pcapng")
    for count, record in enumerate(RECORDS, 1):
        log.write(record)
        assert len(list(read_records(log.path, no_cut))) == count
    log.close()


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    paths = [write(tmp_path / "field.pcapng", RECORDS[:count]) for count in (1, 2, 3)]
    assert [path.name for path in paths] == ["field.pcapng", "field-1.pcapng", "field-2.pcapng"]
    assert [len(list(read_records(path, no_cut))) for path in paths] == [1, 2, 3]


def test_a_log_without_a_record_is_removed(tmp_path: Path) -> None:
    CaptureFile(tmp_path / "field.pcapng").close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["missing/field.pcapng", "."])
def test_a_file_that_cannot_be_made_is_bad_input(tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError, match="name a file in a folder you may write to"):
        CaptureFile(tmp_path / where)


# --- a writer that ends badly ---


def test_a_log_cut_anywhere_gives_every_whole_record_and_says_so(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.pcapng").read_bytes()
    cut = tmp_path / "cut.pcapng"
    last = 0
    for size in range(len(whole)):
        cut.write_bytes(whole[:size])
        warnings: list[str] = []
        records = list(read_records(cut, warnings.append))
        assert records == RECORDS[: len(records)]
        assert len(records) >= last
        assert all(line.startswith(f"{cut}: byte ") and "\n" not in line for line in warnings)
        last = len(records)
    assert last == len(RECORDS) - 1


def test_a_writer_that_is_killed_leaves_a_log_that_can_be_read(tmp_path: Path) -> None:
    """Killed while it writes as fast as it can, the log holds what it had said was written."""
    path = tmp_path / "field.pcapng"
    program = textwrap.dedent(
        f"""
        from bridge.capture_file import CaptureFile
        from protocol.capture import Direction, Record
        log = CaptureFile({str(path)!r})
        count = 0
        while True:
            log.write(Record(count, "air", Direction.OUTBOUND, bytes(100)))
            count += 1
            print(count, flush=True)
        """
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        for line in writer.stdout:
            if int(line) >= 500:
                break
    finally:
        writer.kill()
        said = line + writer.stdout.read()
        writer.stdout.close()
        assert writer.wait(10) == -signal.SIGKILL
    records = list(read_records(path, lambda line: None))
    written = int(said.splitlines()[-1])
    assert written <= len(records) <= written + 1
    assert [record.timestamp_us for record in records] == list(range(len(records)))


def run_limited(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that limits the size of its files; -B, since a cached module would be cut short too."""
    return subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, timeout=30)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_full_disk_ends_the_recording_with_one_warning(tmp_path: Path) -> None:
    """The limit on a file's size fails a write in the middle, as a full disk does."""
    path = tmp_path / "field.pcapng"
    limit_bytes = 2_000
    program = textwrap.dedent(
        f"""
        import resource
        from bridge.capture_file import CaptureFile
        from protocol.capture import Direction, Record
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))
        log = CaptureFile({str(path)!r})
        for count in range(100):
            log.write(Record(count, "air", Direction.OUTBOUND, bytes(100)))
        assert not log.is_recording
        log.close()
        print("goes on")
        """
    )
    ended = run_limited(program)
    assert ended.stdout == "goes on\n"
    assert ended.stderr == (
        f"{path}: File too large; recording has stopped, what is there can be read."
        " It goes on when there is room\n"
    )
    records = list(read_records(path, no_cut))
    assert [record.timestamp_us for record in records] == list(range(len(records)))
    assert limit_bytes - 200 < path.stat().st_size <= limit_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_when_there_is_room_again_the_log_goes_on(tmp_path: Path) -> None:
    """Also with a link whose description was lost with the record that the disk had no room for."""
    path = tmp_path / "field.pcapng"
    program = textwrap.dedent(
        f"""
        import resource
        from bridge import capture_file
        from protocol.capture import Direction, Record
        capture_file.RETRY_S = 0.0
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        log = capture_file.CaptureFile({str(path)!r})
        count = 0
        while log.is_recording:
            log.write(Record(count, f"air {{count}}", Direction.OUTBOUND, bytes(100)))
            count += 1
        capture_file.RETRY_S = 3_600.0
        log._retry_s = 0.0
        log.write(Record(1_000, "air", Direction.OUTBOUND, bytes(1_000)))
        assert log.lost == 2, log.lost
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log._retry_s = 0.0
        for i in range(3):
            log.write(Record(2_000 + i, f"air {{count - 1}}", Direction.OUTBOUND, bytes(100)))
        assert log.is_recording
        log.close()
        log.write(Record(3_000, "air", Direction.OUTBOUND, bytes(100)))
        print(count)
        """
    )
    ended = run_limited(program)
    count = int(ended.stdout)
    assert ended.stderr.splitlines()[-1] == f"{path}: recording goes on; 2 records in all are not in it"
    records = list(read_records(path, no_cut))
    assert [record.timestamp_us for record in records] == [*range(count - 1), 2_000, 2_001, 2_002]
    assert records[-1].link == f"air {count - 1}"


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be removed")
def test_a_log_that_is_removed_is_told_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_file, "LOOK_S", 0.0)
    monkeypatch.setattr(capture_file, "RETRY_S", 0.0)
    told: list[str] = []
    path = tmp_path / "folder" / "field.pcapng"
    path.parent.mkdir()
    log = CaptureFile(path, told.append)
    log.write(RECORDS[0])
    path.unlink()
    path.parent.rmdir()
    for record in RECORDS[1:3]:
        log.write(record)
    assert not log.is_recording
    assert told == [
        f"{path}: the file was removed; recording has stopped, what is there can be read."
        " It goes on when there is room"
    ]
    path.parent.mkdir()
    log.write_all(RECORDS[3:])
    assert told[1:] == [f"{path}: recording goes on; 2 records in all are not in it"]
    path.rename(tmp_path / "moved")
    path.write_text("somebody else's")
    log.write(RECORDS[0])
    log.write(RECORDS[0])
    log.close()
    assert path.read_text() == "somebody else's"
    assert list(read_records(tmp_path / "moved", no_cut)) == RECORDS[3:]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
@pytest.mark.parametrize(
    "command",
    [
        ["simulate", "--rounds", "9", "--capture"],
        ["bridge", "--open", "--interface", LOOPBACK, "--period", "0.02", "--rounds", "99", "--log"],
    ],
    ids=lambda command: command[0],
)
def test_a_run_whose_log_lacks_records_has_failed(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "field.pcapng"
    udp = ["--udp-port", str(free_port())] if command[0] == "bridge" else []
    arguments = [*command, str(path), *udp]
    program = textwrap.dedent(
        f"""
        import resource, sys
        from desktop.command import main
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
        sys.exit(main({arguments!r}))
        """
    )
    ended = run_limited(program)
    assert ended.returncode == 1, ended.stderr
    assert f"treering: {path}: File too large; recording has stopped" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert any(line.startswith("round 9 ") for line in ended.stdout.splitlines()), "the run itself goes on"


# --- files that are no log ---


def test_damage_names_the_file_and_the_byte_after_the_records_before_it(tmp_path: Path) -> None:
    path = write(tmp_path / "field.pcapng", RECORDS[:3])
    good_bytes = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\x06\0\0\0" + b"\xff" * 60)
    records = read_records(path, no_cut)
    assert [next(records) for _ in range(3)] == RECORDS[:3]
    with pytest.raises(UsageError) as caught:
        next(records)
    assert str(caught.value).startswith(f"{path}: byte {good_bytes}: ")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a log at all\n")
    with pytest.raises(UsageError, match=r"notes\.txt: byte 0: not a packet log"):
        list(read_records(path, no_cut))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.pcapng: No such file or directory; name a packet log"):
        list(read_records(tmp_path / "none.pcapng", no_cut))
