from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import BEER, Bench, receipts
from tse_driver.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECEIPTS = receipts()
MODULE = [sys.executable, "-m", "tse_driver"]


@contextmanager
def simulator(place: Path, *options: str) -> Iterator[str]:
    """A simulator in a process of its own, reached by its link."""
    link = place / "kb-tse"
    command = [*MODULE, "simulate", "--state", str(place / "state"), *options]
    with subprocess.Popen(
        [*command, "--link", str(link), "--latency-ms", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        path = process.stdout.readline().strip()
        assert path == str(link.readlink())
        yield str(link)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert not link.is_symlink()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("tse")) as link:
        yield link


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[str]:
    """A developer's stick, to be spoilt."""
    with simulator(tmp_path, "--developer") as link:
        yield link


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, Any], str]:
    code = main([*arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out.splitlines()[-1]), err


@pytest.mark.parametrize("vector", RECEIPTS, ids=lambda v: v["id"])
def test_receipts_are_judged_by_exit_code(
    vector: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, _ = run(capsys, "verify-receipt", vector["qr"])
    assert code == (0 if vector["valid"] else 1)
    assert set(result) == {
        "valid",
        "client",
        "transaction",
        "signature_counter",
        "tse_serial",
        "reason",
    }
    assert result["valid"] is vector["valid"]
    assert main(["verify-receipt", vector["qr"]]) == code
    assert "reason: The signature" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "hello", "V0;;;;;;;;;;;", "\udcff"])
def test_an_unreadable_receipt_is_exit_2(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, _ = run(capsys, "verify-receipt", text)
    assert code == 2
    assert "can't be read" in result["reason"]
    assert main(["verify-receipt", text]) == 2
    assert "Traceback" not in capsys.readouterr().err


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.text(max_size=200)
    | st.lists(
        st.text("0123456789ABCabc=/^_.:TZ-", max_size=30), min_size=11, max_size=12
    ).map(lambda fields: ";".join(["V0", *fields]))
)
def test_no_text_makes_a_traceback(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert main(["verify-receipt", "--json", "--", text]) in {1, 2}
    assert json.loads(capsys.readouterr().out)["valid"] is False


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.binary(max_size=2000))
def test_no_file_makes_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "export.tar"
    path.write_bytes(content)
    code, result, _ = run(capsys, "verify-export", str(path))
    assert (code, result["valid"]) == (2, False)


def test_a_new_tse_is_set_up_signs_and_is_exported(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, _ = run(capsys, "info", "--port", port)
    assert (code, result["initialized"]) == (0, False)
    code, result, _ = run(capsys, "sign", "--port", port)
    assert code == 2
    assert "kassenband-tse setup" in result["reason"]
    code, result, _ = run(capsys, "setup", "--port", port)
    assert (code, result["initialized"]) == (0, True)
    serial = result["serial"]
    code, result, _ = run(capsys, "selftest", "--port", port)
    assert (code, result["ok"]) == (0, True)
    code, result, _ = run(capsys, "sign", "--port", port)
    assert (code, result["valid"], result["tse_serial"]) == (0, True, serial)
    code, _, _ = run(capsys, "verify-receipt", result["qr"])
    assert code == 0
    out = tmp_path / "export.tar"
    code, result, _ = run(capsys, "export", "--port", port, "--out", str(out))
    assert (code, result["bytes"]) == (0, out.stat().st_size)
    code, result, _ = run(capsys, "verify-export", str(out))
    assert (code, result["transactions"], result["findings"]) == (0, 1, [])
    out.write_bytes(out.read_bytes().replace(b"\x82\x04Test", b"\x82\x04Text"))
    code, result, _ = run(capsys, "verify-export", str(out))
    assert (code, result["valid"]) == (1, False)
    assert result["findings"][0]["kind"] == "bad_signature"


def test_the_verdict_on_an_export_is_read_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, out = Bench(), tmp_path / "export.tar"
    bench.session.setup()
    bench.sale("Bier\rBrot")
    bench.sale()
    whole = b"".join(bench.session.export_all())
    out.write_bytes(whole)
    assert main(["verify-export", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "valid: yes"
    assert "transactions: 2" in lines
    assert "open: none" in lines
    assert "info, manufacturer: Kassenband" in lines
    assert lines[-1] == "findings: none"
    out.write_bytes(whole.replace(b"\x82\x09Bier", b"\x82\x09Wein"))
    assert main(["verify-export", str(out)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "valid: no"
    assert lines[-2] == "findings: 1"
    assert lines[-1].startswith("  bad_signature, ")
    assert lines[-1].endswith(
        "The signature does not match: the message was changed or forged."
    )


def test_what_makes_an_export_bad_stands_before_what_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, out = Bench(), tmp_path / "export.tar"
    bench.session.setup()
    bench.sale()
    with tarfile.open(out, "w") as archive:
        for name, data in _files(b"".join(bench.session.export_all())):
            if name == "info.csv":
                continue
            changed = data.replace(BEER.encode(), BEER.encode()[::-1])
            info = tarfile.TarInfo(name)
            info.size = len(changed)
            archive.addfile(info, io.BytesIO(changed))
        archive.addfile(tarfile.TarInfo("note\r.txt"))
    assert main(["verify-export", str(out)]) == 1
    found = capsys.readouterr().out.splitlines()[-3:]
    assert found[0].startswith("  bad_signature, ")
    assert found[1:] == [
        "  unknown_file, note\\r.txt: This file belongs to no export."
        " (no reason to reject)",
        "  no_info, info.csv: It does not say who made the TSE. (no reason to reject)",
    ]


def _files(archive: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        for member in file:
            content = file.extractfile(member)
            assert content is not None
            yield member.name, content.read()


def test_what_the_tse_says_can_not_move_the_cursor(
    port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["setup", "--port", port]) == 0
    monkeypatch.setattr("tse_driver.cli.TEST_PROCESS_DATA", '1;"Bier"\r2;"Brot"')
    assert main(["sign", "--port", port]) == 0
    capsys.readouterr()
    assert main(["last-message", "--port", port]) == 0
    told = capsys.readouterr().out
    assert 'process data: 1;"Bier"\\r2;"Brot"\n' in told
    assert "\r" not in told


def test_an_export_that_fails_leaves_nothing_behind(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on = ("--port", port, "--out", str(tmp_path / "export.tar"))
    run(capsys, "setup", "--port", port)
    code, result, _ = run(capsys, "export", *on, "--number", "4000")
    assert code == 2
    assert "no data for this request" in result["reason"]
    code, result, _ = run(capsys, "export", *on, "--number", "1", "--only", "a_b")
    assert code == 2
    assert "Use 1 to 30 letters" in result["reason"]
    assert list(tmp_path.iterdir()) == []
    code, result, _ = run(capsys, "export", "--port", port, "--out", str(tmp_path))
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert result["reason"] == (
        f"{tmp_path} can't be used: Is a directory. Check path and rights."
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["info", "--port", "/dev/no-tse"], "Plug the TSE in"),
        (["info", "--port", "/dev/null"], "no serial device"),
        (["info", "--client", "a_b"], "is not there"),
        (["export", "--port", "/dev/no-tse", "--out", "x"], "Plug the TSE in"),
        (["verify-export", "/no/such/file"], "Check path and rights"),
        (["verify-export", "/"], "Check path and rights"),
        (["simulate", "--faults", "gremlins"], "but slow, full, unplug"),
        (["simulate", "--state", "/dev/null/x"], "Check path and rights"),
        (["simulate", "--link", "/no/such/dir/tse"], "Check path and rights"),
    ],
)
def test_what_can_not_be_run_is_exit_2_and_a_sentence(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, _ = run(capsys, *arguments)
    assert code == 2
    assert reason in result["reason"]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert "Restart TSE" not in told  # that is a key on a till's screen


EXPORT = ["export", "--port", "/dev/no-tse", "--out", "x"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["simulate", "--latency-ms", "nan"], "'nan' is not 0 to 600000"),
        (["simulate", "--latency-ms", "soon"], "'soon' is not 0 to 600000"),
        (["export", "--port", "x"], "the following arguments are required: --out"),
        ([*EXPORT, "--number", "-5"], "'-5' is no number of a fiscal transaction"),
        ([*EXPORT, "--number", "1" * 5000], "is no number of a fiscal transaction"),
        ([*EXPORT, "--interval", "5", "2"], "wants the lower number first"),
        ([*EXPORT, "--period", "today", "2026-07-04"], "'today' is no time such as"),
        ([*EXPORT, "--period", "0001-01-01", "2026-07-04"], "is no time such as 2026"),
        ([*EXPORT, "--period", "2026-07-05", "2026-07-04"], "the earlier time first"),
        ([*EXPORT, "--only", "bar-1"], "--only goes with --number"),
        (["setup", "--description", "Grün"], "write ue for ü"),
    ],
)
def test_wrong_usage_is_exit_2_and_a_sentence(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "usage: kassenband-tse" in told
    assert reason in told


def test_a_wrong_pin_is_told(
    port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_TSE_ADMIN_PIN", "00000")
    code, result, _ = run(capsys, "setup", "--port", port)
    assert code == 2
    assert "refused the PIN of the admin" in result["reason"]


def test_a_technician_looks_exports_and_deletes(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on = ("--port", port)
    _, result, _ = run(capsys, "setup", *on)
    code, found, _ = run(capsys, "info", *on)
    assert (code, found["clients"], found["clients_max"]) == (0, 1, 100)
    run(capsys, "sign", *on)
    code, result, _ = run(capsys, "last-message", *on)
    assert (code, result["operation"]) == (0, "FinishTransaction")
    assert result["process_data"] == "Test"
    number = str(result["transaction_number"])
    code, result, _ = run(capsys, "clients", *on, "--register", "bar-9")
    assert (code, result["clients"]) == (0, ["kassenband-tse", "bar-9"])
    code, result, _ = run(capsys, "clients", *on, "--deregister", "bar-9")
    assert (code, result["clients"]) == (0, ["kassenband-tse"])
    for command in (("set-time",), ("maintenance", "on"), ("maintenance", "off")):
        code, result, _ = run(capsys, *command, *on)
        assert (code, result["ok"]) == (0, True)
    code, result, _ = run(capsys, "void", *on)
    assert (code, result["open"]) == (0, [])
    out = tmp_path / "part.tar"
    period = ("--period", "2020-01-01", "2100-01-01")
    for part in (("--number", number), ("--interval", number, number), period):
        code, _, _ = run(capsys, "export", *on, "--out", str(out), *part)
        assert code == 0
        code, result, _ = run(capsys, "verify-export", str(out))
        assert (code, result["valid"]) == (0, True)
    code, result, _ = run(capsys, "delete-exported", str(tmp_path / "part.tar"), *on)
    assert code == 1  # it is not the whole log
    assert "Export it whole" in result["reason"]
    run(capsys, "export", *on, "--out", str(out))
    code, result, _ = run(capsys, "delete-exported", str(out), *on)
    assert (code, result["ok"]) == (0, True)


def test_pins_are_changed_by_the_environment(
    port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on = ("time-admin", "--port", port)
    code, result, _ = run(capsys, "change-pin", *on)
    assert code == 2
    assert "set KASSENBAND_TSE_NEW_PIN" in result["reason"]
    monkeypatch.setenv("KASSENBAND_TSE_NEW_PIN", "54321")
    code, result, _ = run(capsys, "change-pin", *on)
    assert (code, result["ok"]) == (0, True)
    monkeypatch.setenv("KASSENBAND_TSE_PUK", "123456")
    monkeypatch.setenv("KASSENBAND_TSE_NEW_PUK", "654321")
    code, result, _ = run(capsys, "change-puk", *on)
    assert (code, result["ok"]) == (0, True)
    monkeypatch.setenv("KASSENBAND_TSE_PUK", "654321")
    monkeypatch.setenv("KASSENBAND_TSE_NEW_PIN", "12345")
    code, result, _ = run(capsys, "unblock", *on)
    assert (code, result["ok"]) == (0, True)
    assert "54321" not in result["reason"]


def test_a_new_pin_that_nobody_sees_is_typed_twice(
    port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on = ("change-pin", "time-admin", "--port", port)
    run(capsys, "setup", "--port", port)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    typed: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda _: typed.pop(0))
    for typed[:], reason in (
        (["54321", "54312"], "was typed in two ways"),
        ([""], "needs a secret"),
        (["4321", "4321"], "5 to 8 digits"),
    ):
        code, result, _ = run(capsys, *on)
        assert code == 2
        assert reason in result["reason"]
    typed[:] = ["54321", "54321"]
    code, result, _ = run(capsys, *on)
    assert (code, result["ok"]) == (0, True)
    monkeypatch.setenv("KASSENBAND_TSE_TIME_ADMIN_PIN", "54321")
    typed[:] = ["12345", "12345"]
    code, result, _ = run(capsys, *on)
    assert (code, result["ok"]) == (0, True)


def test_what_can_not_be_undone_is_asked_twice(
    stick: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on = ("--port", stick)
    _, found, _ = run(capsys, "setup", *on)
    serial = found["serial"]
    code, result, _ = run(capsys, "disable", *on)
    assert code == 2
    assert "nobody is here to ask" in result["reason"]
    wrong = ("--serial", "0" * 64, "--for-good")
    code, result, _ = run(capsys, "disable", *on, *wrong)
    assert code == 2
    assert "was left as it is" in result["reason"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    typed: list[str] = []

    def answer() -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("builtins.input", answer)
    for typed[:] in (["1"], [serial[:8], "no"], []):
        code, result, err = run(capsys, "disable", *on)
        assert (code, "was left as it is" in result["reason"]) == (2, True)
        assert serial in err  # what is asked stands beside the output
    _, found, _ = run(capsys, "info", *on)
    assert not found["disabled"]
    typed[:] = [serial[:8], "disable"]
    code, result, _ = run(capsys, "disable", *on)
    assert (code, result["ok"]) == (0, True)
    _, found, _ = run(capsys, "info", *on)
    assert found["disabled"]
    for_good = ("--serial", serial, "--for-good")
    code, result, _ = run(capsys, "factory-reset", *on, *for_good)
    assert (code, result["ok"]) == (0, True)
    _, found, _ = run(capsys, "info", *on)
    assert not found["initialized"]


def test_ctrl_c_ends_a_command_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tse_driver.cli.verify_receipt_text", stopped)
    assert main(["verify-receipt", "V0;"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_a_failed_self_test_is_judged_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulator(tmp_path, "--faults", "self-test-failed") as link:
        for command in ("selftest", "setup"):
            code, result, _ = run(capsys, command, "--port", link)
            assert code == 1
            assert "exchange the device" in result["reason"]


def test_a_reader_that_leaves_early_makes_no_traceback() -> None:
    line = f"{' '.join(MODULE)} verify-receipt '{RECEIPTS[0]['qr']}' --json | true"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
