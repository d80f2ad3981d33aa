"""The demo as a newcomer runs it: every process real, on both PostgreSQLs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dsfinvk.validate import validate_zip

from contract.order import OrderKind
from provisioning.postgres import Which
from provisioning.processes import place_for, spawn, unprivileged_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioning.processes import Child

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 600
DEMO = (sys.executable, "-m", "provisioning", "demo", "--headless", "--json")


def demo(place: Path, name: str, *arguments: str, which: Which) -> Child:
    return spawn(
        [*DEMO, "--directory", place / "var", *arguments],
        log=place / f"{name}.log",
        name=name,
        env={**os.environ, "KASSENBAND_POSTGRES": which},
        cwd=ROOT,
    )


def running_below(place: Path) -> list[str]:
    """The command lines of processes whose files lie in this place."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes()
        except OSError:
            continue
        command = said.replace(b"\0", b" ").decode(errors="replace")
        if str(place) in command and process.name != str(os.getpid()):
            found.append(command)
    return found


def await_nothing_below(place: Path) -> None:
    """Wait until the last process has gone: it goes a moment after its parent."""
    deadline = time.monotonic() + PATIENCE_S
    while left := running_below(place):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("appliance")
    yield directory
    await_nothing_below(directory)


def test_two_shops_sell_side_by_side_and_lose_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--tills", "2", "--seconds", "8", "--tse-latency-ms", "50")
    long_run = (*arguments, "--pause-ms", "0", "--every-kind")
    shops = [
        demo(place, "shop-installed", *long_run, which=Which.INSTALLED),
        demo(place, "shop-wheel", *arguments, which=Which.WHEEL),
    ]
    made = set()
    for shop in shops:
        code = shop.popen.wait(PATIENCE_S)
        said = shop.log.read_text()
        assert code == 0, said
        figures = json.loads(said.splitlines()[-1])
        assert figures["orders_booked"] > 5, said
        assert figures["orders_lost"] == 0
        assert figures["orders_doubled"] == 0
        assert figures["signatures_verified"] == figures["orders_booked"]
        assert figures["ledger_balanced"] is True
        assert figures["p50_ms"] is not None
        assert figures["problems"] == []
        made |= figures["booked_by_kind"].keys()
        assert figures["booked_by_kind"]["shift_start"] == 2
        assert figures["booked_by_kind"]["shift_end"] == 2
        assert figures["tse_archives"] == {"delivered": 2, "verified": 2, "wanted": 2}
        tax = figures["tax_export"]
        assert tax["closings"] == 2
        assert tax["receipts"] == tax["signatures_verified"]
        assert tax["receipts"] >= figures["orders_booked"] + tax["closings"]
    assert made == {kind.value for kind in OrderKind}, "a bill is paid here, too"
    exports = list(place.glob("var/demo-*/dsfinvk.zip"))
    assert [validate_zip(export) for export in exports] == [[], []]
    assert capsys.readouterr().out == "", "somebody else's judge prints what is wrong"
    logs = list(place.glob("var/demo-*/hub.log"))
    assert len(logs) == 2
    for log in logs:
        assert log.read_text().count("works as cashier") == 2, "nobody sold unseen"


def test_nothing_is_left_running_after_kill_9(place: Path) -> None:
    shop = demo(place, "shop", "--tills", "1", "--seconds", "600", which=Which.WHEEL)
    shop.await_line("sells? for", timeout_s=PATIENCE_S)
    assert running_below(place)
    os.kill(shop.pid, signal.SIGKILL)
    shop.popen.wait(PATIENCE_S)
    await_nothing_below(place)


def test_a_polite_end_takes_everything_down(place: Path) -> None:
    shop = demo(place, "shop", "--tills", "1", "--seconds", "600", which=Which.WHEEL)
    shop.await_line("sells? for", timeout_s=PATIENCE_S)
    wanted = place / "var" / "demo-1" / "postgres"
    assert shop.log.read_text().startswith("A shop is set up")
    database = place_for(wanted, unprivileged_user("postgres")) / "data"
    assert database.exists()
    assert shop.stop(timeout_s=PATIENCE_S) == 128 + signal.SIGTERM
    assert not database.exists()
    assert "Traceback" not in shop.log.read_text()


def test_a_shop_that_can_not_be_built_says_why(place: Path) -> None:
    (place / "var").write_text("in the way")
    shop = demo(place, "shop", which=Which.WHEEL)
    assert shop.popen.wait(PATIENCE_S) == 2
    said = shop.log.read_text()
    assert "var" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--headless", "--seconds", "-3"], "'-3' is no number from 1 to"),
        (["--headless", "--tills", "99"], "'99' is no number from 1 to 16"),
        (["--json"], "--json goes with --headless"),
        ([], "add --headless"),
    ],
)
def test_a_demo_that_can_not_be_meant_is_refused_at_once(
    arguments: list[str], words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "provisioning", "demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_control_c_is_no_good_audit(place: Path) -> None:
    shop = demo(place, "shop", "--tills", "1", "--seconds", "600", which=Which.WHEEL)
    shop.await_line("sells? for", timeout_s=PATIENCE_S)
    os.kill(shop.pid, signal.SIGINT)
    assert shop.popen.wait(PATIENCE_S) == 130
    said = shop.log.read_text()
    assert "Stopped." in said
    assert "Traceback" not in said
