"""The serial link: a line that is noisy, stuck, unplugged and plugged in again."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.link import LinkError
from bridge.ports import PortInfo
from bridge.serial_link import MAX_QUEUED_FRAMES, SerialLink
from protocol.framing import encode_stream
from protocol.packets import DropReason
from tests.bridge.rig import TERMINAL_BYTES, Inbox, Line, broadcast, longest, run, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

UNO = PortInfo("", "Arduino Uno", 0x2341, 0x0043, "75330303035351F0C1F1", "1-1.2")
CLONE = PortInfo("", "CH340", 0x1A86, 0x7523, None, "1-1.3")


async def opened(link: SerialLink) -> Inbox:
    inbox = Inbox()
    await link.start(inbox.frames.extend, inbox.states.append)
    await inbox.state(is_up=True)
    return inbox


# --- the stream ---


def test_the_stream_begins_with_a_delimiter(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        await opened(link)
        link.send(broadcast(1))
        received = b""

        def whole() -> bool:
            nonlocal received
            received += line.read()
            return received == b"\x00" + encode_stream(broadcast(1))

        await until(whole)
        await link.close()

    run(main())


def test_text_of_a_bootloader_before_the_first_frame_does_no_harm(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        inbox = await opened(link)
        line.write(b"temperature=123 humidity=90\r\n\x00")
        line.write_frame(broadcast(3))
        assert await inbox.next_frame() == broadcast(3)
        assert link.drops == {DropReason.FRAMING: 1}
        await link.close()

    run(main())


async def stuff(link: SerialLink) -> int:
    """Send until the terminal, which nobody reads, takes no more; the number of frames."""
    count = 2 * TERMINAL_BYTES // len(longest(1))
    for counter in range(count):
        link.send(longest(1, counter))
        await asyncio.sleep(0.001)  # the writer's turn
    return count


def test_a_full_queue_gives_its_oldest_frames_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.serial_port.WRITE_TIMEOUT_S", 60.0)

    async def main() -> None:
        link = SerialLink(str(line.link))
        await opened(link)
        count = await stuff(link)
        assert link.unsent > 0
        received: list[bytes] = []
        while not received or received[-1] != longest(1, count - 1):
            received.append(await line.next_frame())
        assert len(received) == count - link.unsent
        newest = [longest(1, counter) for counter in range(count - MAX_QUEUED_FRAMES, count)]
        assert received[-MAX_QUEUED_FRAMES:] == newest
        await link.close()

    run(main())


def test_after_a_stuck_line_the_next_frame_is_whole(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that timed out may have left half a frame on the line."""
    monkeypatch.setattr("bridge.serial_port.WRITE_TIMEOUT_S", 0.05)

    async def main() -> None:
        link = SerialLink(str(line.link))
        inbox = await opened(link)
        count = await stuff(link)
        unsent = link.unsent
        await until(lambda: link.unsent > unsent)
        link.send(longest(1, count))
        while await line.next_frame() != longest(1, count):
            pass
        assert [state.is_up for state in inbox.states] == [True]
        await link.close()

    run(main())


# --- coming and going ---


def test_it_comes_back_behind_the_same_name(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        inbox = await opened(link)
        for counter in range(3):
            line.write(encode_stream(broadcast(3))[:5])  # it is torn out within a frame
            line.unplug()
            down = await inbox.state(is_up=False)
            assert "unplugged" in str(down)
            link.send(broadcast(1))
            assert link.unsent == counter + 1
            line.plug()
            await inbox.state(is_up=True)
            line.write_frame(broadcast(3, counter))
            while await inbox.next_frame() != broadcast(3, counter):
                pass
            link.send(broadcast(1, counter))
            assert await line.next_frame() == broadcast(1, counter)
        await link.close()

    run(main())


def test_while_it_is_away_it_says_so_once_for_each_reason(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        inbox = await opened(link)
        line.unplug()
        await until(lambda: len(inbox.states) == 3)
        assert "no such serial port" in inbox.states[-1].reason
        line.plug()
        await inbox.state(is_up=True)
        assert [state.is_up for state in inbox.states] == [True, False, False, True]
        await link.close()

    run(main())


def test_it_can_be_closed_while_it_is_away(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        inbox = await opened(link)
        line.unplug()
        await inbox.state(is_up=False)
        await link.close()
        line.plug()

    run(main())


def with_device(known: PortInfo, device: str, location: str | None = None) -> PortInfo:
    return PortInfo(
        device, known.board, known.vid, known.pid, known.serial_number, location or known.location
    )


@pytest.mark.parametrize(
    ("known", "location"),
    [(UNO, "3-2"), (CLONE, CLONE.location)],
    ids=["by serial number", "by socket"],
)
def test_a_usb_device_is_found_under_its_new_name(
    tmp_path: Path, known: PortInfo, location: str | None
) -> None:
    first, second, other = (Line(tmp_path / name) for name in ("ACM0", "ACM1", "ACM2"))
    ports = [with_device(known, first.device)]

    async def main() -> None:
        link = SerialLink(first.device, list_ports=lambda: ports)
        inbox = await opened(link)
        # Another device of the same make is there, and so is the one that comes back as ACM1.
        ports[:] = [
            PortInfo(
                other.device, known.board, known.vid, known.pid, "other" if known is UNO else None, "9-9"
            ),
            with_device(known, second.device, location),
        ]
        first.unplug()
        await inbox.state(is_up=False)
        await inbox.state(is_up=True)
        second.write_frame(broadcast(3))
        while await inbox.next_frame() != broadcast(3):
            pass
        assert link.name == f"serial:{first.device}"  # one link in the log
        await link.close()

    run(main())
    second.unplug()
    other.unplug()


def test_another_device_under_the_old_name_is_left_alone(line: Line) -> None:
    ports = [with_device(UNO, line.device)]
    looked = 0

    def list_ports() -> list[PortInfo]:
        nonlocal looked
        looked += 1
        return ports

    async def main() -> None:
        nonlocal looked
        link = SerialLink(str(line.link), list_ports=list_ports)
        inbox = await opened(link)
        line.unplug()
        line.plug()
        ports[:] = [with_device(CLONE, line.device)]
        await inbox.state(is_up=False)
        looked = 0
        await until(lambda: looked >= 3)
        assert not inbox.states[-1].is_up
        await link.close()

    run(main())


# --- ports that do not open ---


def refusal(port: str) -> Exception:
    """What opening that port says."""
    inbox = Inbox()
    link = SerialLink(port)
    with pytest.raises((LinkError, UsageError)) as caught:
        run(link.start(inbox.frames.extend, inbox.states.append))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_missing_port_is_bad_input(tmp_path: Path) -> None:
    missing = str(tmp_path / "ttyACM9")
    error = refusal(missing)
    assert isinstance(error, UsageError)
    assert str(error) == f"{missing}: no such serial port; `treering ports` lists those there are"


def test_a_busy_port_is_named_with_a_remedy(line: Line) -> None:
    async def main() -> None:
        link = SerialLink(str(line.link))
        await opened(link)
        second = SerialLink(str(line.link))
        with pytest.raises(LinkError, match="another program uses this port; close it"):
            await second.start(lambda frames: None, lambda state: None)
        await link.close()
        await opened(second)
        await second.close()

    run(main())


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may open everything")
def test_a_port_without_permission_names_the_group(line: Line) -> None:
    os.chmod(line.device, 0)
    assert "permission denied; add yourself to group" in str(refusal(line.device))


def test_permission_denied_names_the_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bridge.serial_port.serial.serial_for_url", refuse)
    error = refusal(str(tmp_path / "ttyACM0"))
    assert 'add yourself to group dialout ("sudo usermod -aG dialout $USER") and log in again' in str(error)


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("")
    assert "not a serial port" in str(refusal(str(file)))


def test_an_unknown_kind_of_url_is_bad_input() -> None:
    assert isinstance(refusal("carrier-pigeon://loft"), UsageError)


def test_nobody_at_the_other_end_of_a_socket() -> None:
    assert "cannot be opened" in str(refusal("socket://127.0.0.1:1"))
