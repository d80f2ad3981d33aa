from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
HUB, TILL = "kassenband-hub.service", "kassenband-till.service"
PROGRAMS = (
    "usr/bin/cage",
    "usr/bin/foot",
    "usr/lib/kassenband/bin/kassenband-hub",
    "usr/lib/kassenband/bin/kassenband-till",
)
SYSTEM_UNITS = Path("/usr/lib/systemd/system")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root directory with our units, the system's targets and our programs."""
    system = tmp_path / "usr/lib/systemd/system"
    ours = tmp_path / "etc/systemd/system"
    system.mkdir(parents=True)
    ours.mkdir(parents=True)
    for target in SYSTEM_UNITS.glob("*.target"):
        shutil.copy(target, system, follow_symlinks=False)
    for unit in UNITS.glob("*.service"):
        shutil.copy(unit, ours)
    for name in PROGRAMS:
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def verify(machine: Path, unit: str) -> str:
    done = subprocess.run(
        [
            *("systemd-analyze", "verify", "--man=no", "--recursive-errors=no"),
            *(f"--root={machine}", unit),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", [HUB, TILL])
def test_systemd_has_nothing_to_say_about_a_unit(machine: Path, unit: str) -> None:
    assert verify(machine, unit) == ""


def test_a_misspelt_directive_or_a_missing_program_would_be_seen(
    machine: Path,
) -> None:
    unit = machine / "etc/systemd/system" / HUB
    unit.write_text(unit.read_text().replace("RestartSec=", "RestartSeconds="))
    assert "RestartSeconds" in verify(machine, HUB)
    (machine / PROGRAMS[2]).unlink()
    assert "kassenband-hub" in verify(machine, HUB)


@pytest.mark.parametrize(("unit", "tenths"), [(HUB, 15), (TILL, 25)])
def test_a_units_exposure_stays_low(unit: str, tenths: int) -> None:
    done = subprocess.run(
        [
            *("systemd-analyze", "security", "--offline=true", "--no-pager"),
            *(f"--threshold={tenths}", str(UNITS / unit)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_units_start_programs_the_project_installs() -> None:
    scripts = (ROOT / "pyproject.toml").read_text()
    for unit in UNITS.glob("*.service"):
        started = re.findall(r"/usr/lib/kassenband/bin/([\w-]+)", unit.read_text())
        assert started
        for name in started:
            assert f"{name} = " in scripts


def test_a_till_reaches_reader_and_serial_line_as_its_own_user() -> None:
    unit = (UNITS / TILL).read_text()
    user = re.search(r"^User=(.+)$", unit, re.MULTILINE)
    assert user is not None
    assert (
        f'subject.user === "{user[1]}"'
        in (UNITS / "50-kassenband-pcscd.rules").read_text()
    )
    assert f"u {user[1]} " in (UNITS / "kassenband-till.sysusers.conf").read_text()
    modules = (UNITS / "kassenband-till.modules-load.conf").read_text().split()
    assert {"cdc_acm", "usbserial"} <= set(modules)
    assert 'SYMLINK+="kb-tse"' in (UNITS / "60-kassenband.rules").read_text()
    blacklist = (UNITS / "kassenband-till.modprobe.conf").read_text()
    assert "blacklist pn533_usb\n" in blacklist


def test_the_hub_gets_its_secrets_and_the_till_reads_its_own_key() -> None:
    hub = (UNITS / HUB).read_text()
    for name in ("hub.key", "edge.key", "token.key", "uid.secret"):
        assert re.search(rf"^LoadCredential={re.escape(name)}:/etc/", hub, re.MULTILINE)
    assert "EnvironmentFile=-/etc/kassenband/hub.env\n" in hub  # optional
    # docs/technician.md: till.key belongs to kassenband-till.
    assert "LoadCredential" not in (UNITS / TILL).read_text()
