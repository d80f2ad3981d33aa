"""The virtual environment .venv/, made from the hash-pinned locks."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from provisioning.setup.steps import (
    SetUpError,
    last_words,
    require_space,
    run_logged,
    say,
)

if TYPE_CHECKING:
    from pathlib import Path

SPACE_MB = {"demo": 500, "test": 800}
STAMP = "kassenband.json"
UNFINISHED = "kassenband-unfinished"
VENV = ("-m", "venv")
PIP = (
    *("-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"),
    *("install", "--no-warn-script-location"),
)


class Environment:
    """The checkout's virtual environment and the stamp that says what is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / ".venv"
        self.python = self.directory / "bin" / "python"

    def is_ready_for(self, purpose: str) -> bool:
        """Whether nothing is to be done; `test` holds all that `demo` needs."""
        stamp = self._read_stamp()
        enough = {purpose, "test"}
        return (
            stamp is not None
            and stamp["purpose"] in enough
            and stamp == self._stamp_for(stamp["purpose"])
        )

    def ensure(self, purpose: str, log: Path) -> None:
        """Make it, or bring it up to date in place; one half-made is made anew."""
        if self.is_ready_for(purpose):
            return
        stamp = self._read_stamp()
        if stamp is not None and stamp["purpose"] == "test":
            purpose = "test"  # never take away what a test run needs
        require_space(self.root, SPACE_MB[purpose])
        log.parent.mkdir(parents=True, exist_ok=True)
        if stamp is None or stamp["python"] != _version():
            self._make_anew(log)
        self._mark_unfinished()
        self._install(purpose, log)
        (self.directory / STAMP).write_text(json.dumps(self._stamp_for(purpose)))
        (self.directory / UNFINISHED).unlink()

    def variables(self) -> dict[str, str]:
        """The environment variables of a program that runs in it."""
        path = os.environ.get("PATH", "/usr/bin:/bin")
        return {
            **os.environ,
            "VIRTUAL_ENV": str(self.directory),
            "PATH": f"{self.python.parent}:{path}",
        }

    def _make_anew(self, log: Path) -> None:
        say(f"Making the virtual environment {self.directory} ...")
        if self.directory.is_symlink():
            raise SetUpError(
                f"{self.directory} is a link: remove it, then start again."
            )
        if self.directory.exists():
            shutil.rmtree(self.directory)
        made = run_logged([sys.executable, *VENV, self.directory], log)
        if made != 0:
            raise SetUpError(
                f"The virtual environment cannot be made: {last_words(log)}. Install"
                f" the Debian package python3-venv, or see {log}."
            )

    def _mark_unfinished(self) -> None:
        (self.directory / UNFINISHED).touch()

    def _install(self, purpose: str, log: Path) -> None:
        say(f"Installing the Python packages of requirements/{purpose}.txt ...")
        # pyscard is a source distribution: its build tools come first, pinned as well,
        # and are used in place of whatever pip would fetch by itself.
        locked: list[str | Path]
        locked = ["--require-hashes", "--no-deps", "--no-build-isolation"]
        for lock in ("build", purpose):
            self._pip([*locked, "-r", self.root / "requirements" / f"{lock}.txt"], log)
        self._pip([*locked[1:], "--editable", self.root], log)

    def _pip(self, arguments: list[str | Path], log: Path) -> None:
        argv = [self.python, *PIP, *arguments]
        if run_logged(argv, log, env=self.variables()) != 0:
            raise SetUpError(
                f"pip cannot install the Python packages: {last_words(log)}. Check the"
                f" network and the free disk space, see {log}, then start again."
            )

    def _read_stamp(self) -> dict[str, str] | None:
        """What a finished set-up noted; None when there is no usable environment."""
        if (self.directory / UNFINISHED).exists():
            return None
        try:
            stamp = json.loads((self.directory / STAMP).read_text())
        except (OSError, ValueError):
            return None
        known = isinstance(stamp, dict) and {"purpose", "python"} <= stamp.keys()
        return stamp if known and self._works() else None

    def _works(self) -> bool:
        # After an upgrade of the system the link may lead elsewhere, or nowhere.
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            asked = subprocess.run(
                [self.python, "-I", "-c", code],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return False
        lib = self.directory / "lib" / f"python{asked.stdout.strip()}"
        return asked.returncode == 0 and lib.is_dir()

    def _stamp_for(self, purpose: str) -> dict[str, str]:
        requirements = self.root / "requirements"
        return {
            "purpose": purpose,
            "python": _version(),
            "root": str(self.root),
            "build": _digest(requirements / "build.txt"),
            "lock": _digest(requirements / f"{purpose}.txt"),
            "project": _digest(self.root / "pyproject.toml"),
        }


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
