from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provisioning.bench import __main__, plan
from provisioning.bench.figures import Report
from provisioning.bench.plan import LONG, USUAL
from provisioning.bench.signatures import signature_check_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from provisioning.bench.plan import Options


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options of each run; nothing is measured."""
    runs: list[Options] = []

    def note(options: Options, _say: Callable[[str], object]) -> Report:
        runs.append(options)
        return Report(benchmarks=options.names, environment={}, points=(), targets=())

    monkeypatch.setattr(__main__, "run", note)
    return runs


def test_what_takes_minutes_runs_only_when_it_is_named(asked: list[Options]) -> None:
    __main__.main([])
    __main__.main(["crashes", "--kills", "7"])
    assert asked[0].names == USUAL
    assert not set(USUAL) & set(LONG)
    assert (asked[1].names, asked[1].kills, asked[1].orders) == (("crashes",), 7, None)


def test_a_run_may_be_shortened(asked: list[Options]) -> None:
    __main__.main(["history", "--orders", "30000"])
    assert asked[0].orders == 30_000


def test_a_count_is_one_number(
    asked: list[Options], capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--orders", "--kills", "--seconds", "--repetitions"):
        for text in ("0", "1,2", "many"):
            with pytest.raises(SystemExit):
                __main__.main(["history", option, text])
            said = capsys.readouterr().err
            assert f"argument {option}: '{text}' is no number from 1" in said
    with pytest.raises(SystemExit):
        __main__.main(["flow", "--tills", "8,x"])
    assert "'x' is no number from 1" in capsys.readouterr().err
    assert not asked


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Stopped.\n"),
        (OSError(28, "No space left on device", "var/log"), 2, "the free space.\n"),
    ],
)
def test_a_run_that_can_not_end_ends_in_a_sentence(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end(*_: object) -> None:
        raise error

    monkeypatch.setattr(__main__, "run", end)
    assert __main__.main([]) == code
    assert capsys.readouterr().err.endswith(words)


def test_a_report_that_can_not_be_kept_was_shown_all_the_same(
    asked: list[Options], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere" / "report.json"
    assert __main__.main(["till", "--json", str(nowhere)]) == __main__.NOT_RUN
    assert asked
    said = capsys.readouterr()
    assert said.out
    assert f"{nowhere} cannot be used" in said.err


def test_an_unknown_benchmark_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["speed"]) == __main__.NOT_RUN
    said = capsys.readouterr().err
    assert all(name in said for name in plan.NAMES)


def test_checking_a_signature_takes_cpu() -> None:
    assert signature_check_us(2) > 0
