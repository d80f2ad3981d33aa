"""Debian packages: what is missing, and their installation without their services."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.setup.steps import (
    SetUpError,
    last_words,
    require_space,
    run_logged,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPACE_MB = {"demo": 700, "test": 2500}
POSTGRES_VERSION_MIN = 15
RUN_PCSCD = Path("/run/pcscd")  # pcscd wants it; it is gone after each boot
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_SAVED = Path("/usr/sbin/policy-rc.d.kassenband-saved")
POLICY_TEXT = (
    "#!/bin/sh\n# Kassenband's, while it installs: no service starts.\nexit 101\n"
)
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
NO_CLUSTER = "# Kassenband's, while it installs.\ncreate_main_cluster = false\n"
# vpcd's drop-in makes the *system's* pcscd listen on all addresses.
VPCD_DROP_IN = Path("/etc/reader.conf.d/vpcd")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY")
# Without it apt-get update succeeds although no server answered.
STRICT = ("-o", "APT::Update::Error-Mode=any")
APT_OPTIONS = (
    *("-o", "DPkg::Lock::Timeout=300"),
    *("-o", "Dpkg::Options::=--force-confdef"),
    *("-o", "Dpkg::Options::=--force-confold"),
)


@dataclass(frozen=True)
class Package:
    """A Debian package and how to see that what we need of it is there."""

    name: str
    is_there: Callable[[], bool]


def missing(purpose: str) -> list[str]:
    """The packages that `demo` or `test` (a superset) needs and that are not there."""
    wanted = DEMO_PACKAGES + (TEST_PACKAGES if purpose == "test" else ())
    return [package.name for package in wanted if not package.is_there()]


def ensure(root: Path, purpose: str, log: Path) -> None:
    """Install what is missing: as root, by sudo, or by asking for one command."""
    wanted = missing(purpose)
    if not wanted and RUN_PCSCD.is_dir():
        return
    if os.geteuid() == 0:
        install(purpose, log)
        return
    again = [sys.executable, str(root / "kassenband"), "install-packages", purpose]
    if wanted:
        say(f"Missing Debian packages: {' '.join(wanted)}.")
    if shutil.which("sudo") and _sudo(["true"]).returncode == 0:
        # sudo clears the environment, and apt may need the proxies.
        proxies = [f"{name}={os.environ[name]}" for name in PROXIES & os.environ.keys()]
        if _sudo(["env", *proxies, *again], quiet=False).returncode == 0:
            return
        raise SetUpError("The installation by sudo failed; its reason is above.")
    line = f"{root / 'kassenband'} install-packages {purpose}"
    raise SetUpError(
        "Some parts of the system must be installed by root. Run this, then start"
        f" again:\n  {_as_root(line)}"
    )


def install(purpose: str, log: Path) -> None:
    """As root: install what is missing, start nothing, and leave no trace of it."""
    wanted = missing(purpose)
    log.parent.mkdir(parents=True, exist_ok=True)
    if wanted:
        if shutil.which("apt-get") is None:
            raise SetUpError(
                "This is no Debian: apt-get is missing. Install by hand what the"
                f" Debian packages {' '.join(wanted)} hold, then start again."
            )
        require_space(Path("/usr"), SPACE_MB[purpose])
        say(f"Installing Debian packages: {' '.join(wanted)} ...")
        with _orderly_end(), _no_services(), _no_cluster():
            _apt_install(purpose, wanted, log)
        if "vsmartcard-vpcd" in wanted:
            VPCD_DROP_IN.unlink(missing_ok=True)
    RUN_PCSCD.mkdir(mode=0o755, exist_ok=True)


def _apt_install(purpose: str, wanted: list[str], log: Path) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    path = env.get("PATH", "")
    env["PATH"] = f"{path}:/usr/sbin:/sbin"  # dpkg insists on them
    install = ["apt-get", *APT_OPTIONS, "install", "-y", "--no-install-recommends"]

    def attempt(argv: list[str]) -> bool:
        # Not tied to us: dpkg killed half-way leaves a broken system.
        return run_logged(argv, log, env=env, tied=False) == 0

    if _lists_are_there() and attempt([*install, *wanted]):
        return
    if missing(purpose):
        say("Fetching Debian's package lists ...")
        updated = attempt(["apt-get", *APT_OPTIONS, *STRICT, "update"])
        if attempt([*install, *wanted]):
            return
    if missing(purpose):
        cause = "" if updated else " Is the network there?"
        raise SetUpError(
            f"apt-get cannot install {' '.join(missing(purpose))}:"
            f" {last_words(log)}.{cause} See {log}, mend it, then start again."
        )
    # In some containers a package that we need only by its way (tzdata) cannot be
    # configured; what we need is judged by what is there.
    say(f"apt-get complained ({last_words(log)}), but all that is needed is there.")


def _lists_are_there() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Deny service starts by policy-rc.d, and put back what was there."""
    _restore_policy()  # what a killed launcher left
    if POLICY.exists() or POLICY.is_symlink():
        POLICY.rename(POLICY_SAVED)
    try:
        POLICY.write_text(POLICY_TEXT)
        POLICY.chmod(0o755)
        yield
    finally:
        _restore_policy()


def _restore_policy() -> None:
    if POLICY.is_file() and POLICY.read_bytes() == POLICY_TEXT.encode():
        POLICY.unlink()
    if POLICY_SAVED.exists() or POLICY_SAVED.is_symlink():
        POLICY_SAVED.rename(POLICY)


@contextlib.contextmanager
def _no_cluster() -> Iterator[None]:
    """Keep Debian's PostgreSQL from making its own cluster; then put back its file."""
    ours = not CLUSTER_SETTINGS.exists()
    made_directory = not CLUSTER_SETTINGS.parent.exists()
    if ours:
        CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
        CLUSTER_SETTINGS.write_text(NO_CLUSTER)
    try:
        yield
    finally:
        packaged = CLUSTER_SETTINGS.with_name(CLUSTER_SETTINGS.name + ".ucf-dist")
        if ours and packaged.exists():
            packaged.replace(CLUSTER_SETTINGS)
        elif ours:
            CLUSTER_SETTINGS.unlink(missing_ok=True)
        if ours and made_directory:
            with contextlib.suppress(OSError):  # the package's by now
                CLUSTER_SETTINGS.parent.rmdir()


@contextlib.contextmanager
def _orderly_end() -> Iterator[None]:
    """Turn a request to end into an exception, so that everything is put back."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before: Any = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _sudo(argv: list[str], *, quiet: bool = True) -> subprocess.CompletedProcess[bytes]:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(
        ["sudo", "-n", *argv], stdout=output, stderr=output, check=False
    )


def _as_root(line: str) -> str:
    return f"sudo {line}" if shutil.which("sudo") else f'su -c "{line}"'


def _program(name: str) -> Callable[[], bool]:
    """Look in /usr/sbin, too, which is not on a normal user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])
    return lambda: shutil.which(name, path=path) is not None


def _file(path: str) -> Callable[[], bool]:
    return lambda: Path(path).exists()


def _has_postgres() -> bool:
    versions = [path.parts[-3] for path in Path("/usr/lib/postgresql").glob("*/bin/*")]
    return any(v.isdigit() and int(v) >= POSTGRES_VERSION_MIN for v in versions)


DEMO_PACKAGES = (
    Package("python3-venv", lambda: find_spec("ensurepip") is not None),
    Package(
        "python3-dev", lambda: Path(sysconfig.get_path("include"), "Python.h").exists()
    ),
    Package("gcc", _program("gcc")),
    Package("libc6-dev", _file("/usr/include/stdio.h")),
    Package("libpcsclite-dev", _file("/usr/include/PCSC/winscard.h")),
    Package("pcscd", _program("pcscd")),
    Package("vsmartcard-vpcd", _file("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")),
    Package("mosquitto", _program("mosquitto")),
)
TEST_PACKAGES = (
    Package("chromium", _program("chromium")),
    Package("fonts-dejavu-core", _file("/usr/share/fonts/truetype/dejavu")),
    Package("postgresql", _has_postgres),
    Package("systemd", _program("systemd-analyze")),
)
