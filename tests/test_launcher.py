from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.setup import environment, launcher, packages, steps
from provisioning.setup.environment import Environment
from provisioning.setup.packages import Package
from provisioning.setup.steps import SetUpError

ROOT = Path(__file__).parent.parent
ABSENT = Package("cash-drawer", lambda: False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with empty locks, so that set-up installs nothing but itself."""
    for name in ("kassenband", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "provisioning", tmp_path / "provisioning")
    (tmp_path / "requirements").mkdir()
    for lock in ("build", "demo", "test"):
        (tmp_path / "requirements" / f"{lock}.txt").write_text("")
    return tmp_path


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Note what pip is asked for and install nothing, not even pip itself."""
    monkeypatch.setattr(environment, "VENV", ("-m", "venv", "--without-pip"))
    asked: list[list[str]] = []
    monkeypatch.setattr(
        Environment, "_pip", lambda _self, arguments, _log: asked.append(arguments)
    )
    return asked


def run(
    *arguments: str, cwd: Path = ROOT, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "kassenband", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **env},
        check=False,
    )


def test_help_and_mistakes_end_with_a_sentence() -> None:
    assert "usage: ./kassenband" in run("--help").stderr
    assert run("--help").returncode == 0
    for arguments, sentence in (
        (("sell",), "There is no command 'sell'."),
        (("demo", "--postgres", "oracle"), "PostgreSQL 'oracle' is not known"),
        (("demo", "--postgres"), "--postgres needs a value."),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr


def test_the_launcher_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import provisioning.setup.launcher;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, ROOT],
        capture_output=True,
        text=True,
        check=True,
    )
    foreign = set(done.stdout.split()) - sys.stdlib_module_names
    assert foreign <= {"provisioning", "__main__"}


def test_an_environment_is_made_once_and_then_ready(
    checkout: Path, pip: list[list[str]]
) -> None:
    made = Environment(checkout)
    assert not made.is_ready_for("demo")
    made.ensure("demo", checkout / "var" / "log")
    assert made.is_ready_for("demo")
    assert len(pip) == 3  # build tools, packages, the project itself
    made.ensure("demo", checkout / "var" / "log")
    assert len(pip) == 3


def test_a_demos_environment_becomes_a_tests_in_place_and_stays_one(
    checkout: Path, pip: list[list[str]]
) -> None:
    made = Environment(checkout)
    log = checkout / "var" / "log"
    made.ensure("demo", log)
    (made.directory / "kept").touch()
    assert not made.is_ready_for("test")
    made.ensure("test", log)
    assert made.is_ready_for("test")
    assert made.is_ready_for("demo")
    (checkout / "requirements" / "test.txt").write_text("\n")
    pip.clear()
    made.ensure("demo", log)
    assert str(pip[1][-1]).endswith("requirements/test.txt")
    assert (made.directory / "kept").exists()


@pytest.mark.parametrize("damage", ["unfinished", "no python", "other python"])
def test_a_broken_environment_is_made_anew(
    checkout: Path, pip: list[list[str]], damage: str
) -> None:
    made = Environment(checkout)
    made.ensure("demo", checkout / "var" / "log")
    (made.directory / "stale").touch()
    if damage == "unfinished":
        (made.directory / environment.UNFINISHED).touch()
    elif damage == "no python":
        made.python.unlink()
    else:
        stamp = json.loads((made.directory / environment.STAMP).read_text())
        stamp["python"] = "3.9"
        (made.directory / environment.STAMP).write_text(json.dumps(stamp))
    assert not made.is_ready_for("demo")
    made.ensure("demo", checkout / "var" / "log")
    assert made.is_ready_for("demo")
    assert not (made.directory / "stale").exists()


def test_a_failing_pip_is_told_with_its_last_words(checkout: Path) -> None:
    lock = checkout / "requirements" / "build.txt"
    lock.write_text("/nowhere/kassenband-0.whl --hash=sha256:" + 64 * "0" + "\n")
    with pytest.raises(SetUpError, match=r"pip cannot install .*nowhere.*Check the"):
        Environment(checkout).ensure("demo", checkout / "var" / "log")
    assert not Environment(checkout).is_ready_for("demo")


def test_only_the_last_program_has_the_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    steps.run_logged(["/bin/echo", "before"], log)
    assert steps.run_logged(["/bin/sh", "-c", "echo a; echo; echo b; exit 3"], log) == 3
    assert steps.last_words(log) == "a | b"


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)
    with pytest.raises(SetUpError, match=r"too full: .* has 1 MB left .* 500 MB"):
        steps.require_space(tmp_path / "var", 500)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(28, "The disk is full at /x."), (13, "No permission at /x"), (5, "refused")],
)
def test_errors_of_the_system_become_sentences(number: int, sentence: str) -> None:
    error = OSError(number, os.strerror(number), "/x")
    assert sentence in steps.explain(error)


def test_without_root_and_sudo_the_line_to_run_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "DEMO_PACKAGES", (ABSENT,))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    line = f'su -c "{tmp_path}/kassenband install-packages demo"'
    with pytest.raises(SetUpError) as error:
        packages.ensure(tmp_path, "demo", tmp_path / "log")
    assert str(error.value).endswith(line)


def test_another_system_than_debian_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "DEMO_PACKAGES", (ABSENT,))
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(SetUpError, match=r"no Debian.*cash-drawer"):
        packages.install("demo", tmp_path / "log")


def fake_apt(bin_directory: Path, script: str) -> None:
    bin_directory.mkdir()
    apt = bin_directory / "apt-get"
    apt.write_text(f"#!/bin/sh\n{script}\n")
    apt.chmod(0o755)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine below tmp_path whose only missing package is the cash drawer's."""
    drawer = Package("cash-drawer", (tmp_path / "drawer").exists)
    monkeypatch.setattr(packages, "DEMO_PACKAGES", (drawer,))
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "POLICY_SAVED", tmp_path / "policy-saved")
    monkeypatch.setattr(packages, "CLUSTER_SETTINGS", tmp_path / "pg" / "create.conf")
    monkeypatch.setattr(packages, "RUN_PCSCD", tmp_path / "pcscd")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path


def test_services_are_denied_while_installing_and_the_policy_comes_back(
    system: Path,
) -> None:
    policy = system / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o700)
    fake_apt(
        system / "bin",
        f"cp {policy} {system}/seen; cp {system}/pg/create.conf {system}/cluster;"
        f" touch {system}/drawer",
    )
    packages.install("demo", system / "log")
    assert "exit 101" in (system / "seen").read_text()
    assert "create_main_cluster = false" in (system / "cluster").read_text()
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o700
    assert not (system / "pg").exists()
    assert (system / "pcscd").is_dir()


def test_the_packaged_cluster_settings_win_afterwards(system: Path) -> None:
    fake_apt(
        system / "bin",
        f"echo packaged > {system}/pg/create.conf.ucf-dist; touch {system}/drawer",
    )
    packages.install("demo", system / "log")
    assert (system / "pg" / "create.conf").read_text() == "packaged\n"


def test_a_failed_installation_puts_everything_back_and_says_why(
    system: Path,
) -> None:
    (system / "policy-saved").write_text("of a launcher that was killed")
    fake_apt(system / "bin", "echo E: no network; exit 100")
    with pytest.raises(SetUpError, match=r"E: no network.* Is the network there"):
        packages.install("demo", system / "log")
    assert (system / "policy-rc.d").read_text() == "of a launcher that was killed"
    assert not (system / "policy-saved").exists()
    assert not (system / "pg").exists()


def test_a_second_launcher_waits_for_the_first(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from provisioning.setup.steps import only_one\n"
        "with only_one(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "lock"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert holder.stdout is not None
    with holder.stdout as lines:
        assert lines.readline() == "in\n"
    waiter = subprocess.Popen(
        [sys.executable, "-c", code.replace("60", "0"), tmp_path / "lock"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert waiter.stderr is not None
    assert "waiting for it" in waiter.stderr.readline()
    assert waiter.poll() is None
    holder.kill()
    holder.wait()
    assert waiter.communicate(timeout=60)[0] == "in\n"


@pytest.mark.parametrize(
    ("options", "value", "rest"),
    [
        (["-k", "x", "--workers", "4"], "4", ["-k", "x"]),
        (["--workers=1", "-x"], "1", ["-x"]),
        (["-x"], "2", ["-x"]),
    ],
)
def test_options_of_the_launcher_do_not_reach_the_program(
    options: list[str], value: str, rest: list[str]
) -> None:
    assert launcher.take_option(options, "--workers", "2") == value
    assert options == rest


def test_a_test_run_compiles_each_module_once(tmp_path: Path) -> None:
    kept = launcher.keeping_compiled({"PATH": "/bin"}, tmp_path)
    assert kept == {"PATH": "/bin"}

    forbidden = {"PATH": "/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    kept = launcher.keeping_compiled(forbidden, tmp_path)
    place = str(tmp_path / "var" / "compiled")
    assert kept == {"PATH": "/bin", "PYTHONPYCACHEPREFIX": place}


def test_continuous_integration_runs_what_developers_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "./kassenband test" in script.read_text()


def test_the_license_is_complete() -> None:
    lines = (ROOT / "LICENSE").read_text().splitlines()
    assert lines[0].strip() == "GNU AFFERO GENERAL PUBLIC LICENSE"
    assert len(lines) == 661
