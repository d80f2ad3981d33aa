from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from provisioning.bench.__main__ import main
from provisioning.bench.environment import describe_machine, sync_us
from provisioning.bench.figures import Figures, Report, Sample, Target
from provisioning.bench.report import load_report, number, show, show_comparison
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from pathlib import Path


def report(booked: float, *, cores: str = "2") -> Report:
    figures = Figures()
    figures.add("pgbench", Sample(1000), unit="tps")
    sample = Sample(booked, 3.25, 17.5, {"batch": 30.0})
    figures.add("booking", sample, unit="orders/s", baseline="pgbench")
    target = Target(name="ratio", bound="at least", limit=3, value=booked / 1000)
    return Report(
        benchmarks=("ledger",),
        environment={"cores": cores},
        points=figures.points(),
        targets=(target,),
    )


def test_a_report_shows_machine_figures_and_targets() -> None:
    text = show(report(3500))
    assert "cores: 2" in text
    line = next(each for each in text.splitlines() if "booking" in each)
    words = "3500 orders/s 3.25 17.5 3.50 x batch 30.0"
    assert " ".join(line.split()[1:]) == words
    assert "ratio: 3.50, wanted at least 3.00: met" in text


def test_a_missed_target_cannot_be_overlooked() -> None:
    assert "TARGET MISSED" in show(report(2500))


def test_before_and_after_stand_side_by_side() -> None:
    text = show_comparison(report(2000), report(3000, cores="4"))
    line = next(each for each in text.splitlines() if "booking" in each)
    assert "1.50 x" in line
    assert line.split()[1:3] == ["2000", "3000"]
    assert "cores: 2 before, 4 now" in text


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12346"), (12.34, "12.3"), (0.567, "0.57")]
)
def test_figures_are_written_no_finer_than_they_are_known(
    value: float, text: str
) -> None:
    assert number(value) == text


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_bytes(msgspec.json.encode(report(2000)))
    assert load_report(path) == report(2000)


@pytest.mark.parametrize("content", ["", "[]", '{"benchmarks": 3}'])
def test_a_file_that_holds_no_report_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(content)
    with pytest.raises(ProvisioningError, match=r"before\.json holds no benchmark"):
        load_report(path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ledgr"], "There is no benchmark 'ledgr'. There are: till, ledger, flow, "),
        (["compare"], "Say which report to compare with: bench compare FILE."),
        (["compare", "gone.json"], "gone.json holds no benchmark's report"),
    ],
)
def test_a_slip_on_the_command_line_gets_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


def test_the_machine_is_described_without_naming_it() -> None:
    facts = describe_machine()
    assert int(facts["cores"]) >= 1
    assert facts["calibration"].endswith("ms CPU")
    assert not {"host", "user", "node"} & facts.keys()


def test_the_disk_is_tried_and_left_clean(tmp_path: Path) -> None:
    assert sync_us(tmp_path) > 0
    assert not list(tmp_path.iterdir())
