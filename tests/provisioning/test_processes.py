from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provisioning.processes import (
    ProvisioningError,
    StartError,
    claimed_directory,
    find_program,
    free_port,
    free_ports,
    place_for,
    short_directory,
    spawn,
    unprivileged_user,
)

PARENT = """
import sys, time
from pathlib import Path
from provisioning.processes import spawn, unprivileged_user
child = spawn(["/bin/sleep", "600"], log=Path(sys.argv[1]), user=unprivileged_user())
print(child.pid, flush=True)
time.sleep(600)
"""
HOLDER = """
import sys, time
from pathlib import Path
from provisioning.processes import claimed_directory
with claimed_directory(Path(sys.argv[1]), "demo") as directory:
    print(directory, flush=True)
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline, f"{pid} lives on"
        time.sleep(0.02)


def run_python(code: str, argument: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(argument)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    with process.stdout as lines:
        return lines.readline().strip()


def test_nothing_survives_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = run_python(PARENT, tmp_path / "log")
    child = int(first_line(parent))
    assert is_alive(child)
    parent.kill()
    parent.wait()
    await_end(child)


def test_a_line_of_output_says_that_a_program_is_ready(tmp_path: Path) -> None:
    child = spawn(["/bin/sh", "-c", "echo port 7; sleep 60"], log=tmp_path / "log")
    assert child.await_line(r"^port (\d+)$")[1] == "7"
    assert child.stop() == -signal.SIGTERM
    assert not child.running


def test_a_program_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = spawn(["/bin/sh", "-c", stubborn], log=tmp_path / "log")
    child.await_line("ready")
    assert child.stop(timeout_s=0.2) == -signal.SIGKILL


def test_a_failed_start_tells_what_the_program_said(tmp_path: Path) -> None:
    child = spawn(["/bin/sh", "-c", "echo no disk; exit 3"], log=tmp_path / "log")
    with pytest.raises(StartError, match=r"code 3\. See .*log\. It said: no disk"):
        child.await_line("ready")


def test_a_silent_start_ends_with_a_sentence(tmp_path: Path) -> None:
    child = spawn(["/bin/sleep", "60"], log=tmp_path / "log")
    with pytest.raises(StartError, match="sleep was not ready within 0 s"):
        child.await_line("ready", timeout_s=0.1)
    child.kill()


def test_ctrl_c_in_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    child = spawn(["/bin/sleep", "60"], log=tmp_path / "log")
    assert os.getpgid(child.pid) != os.getpgid(0)
    child.kill()


def test_free_ports_lie_side_by_side_and_can_be_bound() -> None:
    ports = free_ports(3)
    assert ports == [ports[0], ports[0] + 1, ports[0] + 2]
    for port in (*ports, free_port()):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", port))


def test_ports_are_given_once_and_to_one_process() -> None:
    code = "from provisioning.processes import free_ports; print(*free_ports(20))"
    run = [sys.executable, "-c", code]
    given = [*free_ports(20), *free_ports(20)]
    for _ in range(2):
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        given += map(int, done.stdout.split())
    assert len(given) == 80
    assert len(set(given[:60])) == len({*given[:40], *given[60:]}) == 60


def test_a_second_demo_gets_a_directory_of_its_own(tmp_path: Path) -> None:
    holder = run_python(HOLDER, tmp_path)
    assert first_line(holder) == str(tmp_path / "demo-1")
    with claimed_directory(tmp_path, "demo") as second:
        assert second == tmp_path / "demo-2"
    (tmp_path / "demo-1" / "leftover").touch()
    holder.kill()
    holder.wait()
    with claimed_directory(tmp_path, "demo") as again:
        assert again == tmp_path / "demo-1"
        assert list(again.iterdir()) == []


def test_a_place_that_cannot_be_claimed_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ProvisioningError, match=r"file/var cannot be made"),
        claimed_directory(tmp_path / "file" / "var", "demo"),
    ):
        pass


def test_a_place_out_of_reach_of_a_service_is_replaced(tmp_path: Path) -> None:
    user = unprivileged_user("nobody")
    hidden = tmp_path / "home"
    hidden.mkdir(mode=0o700)
    place = place_for(hidden / "var", user)
    if user is None:  # as a normal user everything runs as ourselves
        assert place == hidden / "var"
    else:
        assert place.parent == Path("/var/tmp")
        place.rmdir()


def test_sockets_get_a_short_path_where_the_checkout_lies_deep(tmp_path: Path) -> None:
    assert short_directory(tmp_path, "a") == tmp_path
    deep = tmp_path / ("d" * 100)
    short = short_directory(deep, "a.socket")
    assert len(str(short)) < 50
    short.rmdir()


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(ProvisioningError, match="Install the Debian package frob"):
        find_program("frobnicate", "frob")
