from __future__ import annotations

import base64
import io
import tarfile
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import Bench, log_messages
from tse_driver import export_reader
from tse_driver.errors import Unreadable
from tse_driver.export_reader import FindingKind, check_export, read_export
from tse_driver.simulator import keys
from tse_driver.simulator.faults import Fault
from tse_driver.simulator.wires import Direct

if TYPE_CHECKING:
    from collections.abc import Callable

Files = dict[str, bytes]


def exported() -> Files:
    bench = Bench()
    bench.session.setup()
    for _ in range(3):
        bench.sale()
    bench.session.start()
    archive = io.BytesIO(b"".join(bench.session.export_all()))
    with tarfile.open(fileobj=archive) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


FILES = exported()
FINISH = next(name for name in FILES if "_No-2_Finish" in name)
OWN = next(name for name in FILES if "_X509" in name)


def packed(files: Files) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    archive.seek(0)
    return archive


def kinds(files: Files) -> set[FindingKind]:
    return {finding.kind for finding in check_export(packed(files)).findings}


def test_a_whole_export_is_valid_in_any_order() -> None:
    check = check_export(packed(dict(reversed(FILES.items()))))
    assert check.valid
    assert check.messages == check.verified == len(FILES) - 4
    assert sorted(check.transactions) == [1, 2, 3]
    assert check.open_numbers == (4,)
    assert check.serials == {OWN.split("_")[0]}
    assert check.transactions[2].process_data.startswith(b"Beleg^")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda f: f.pop(OWN), FindingKind.NO_KEY),
        (lambda f: f.update({FINISH: b"\x30\x00"}), FindingKind.UNREADABLE),
        (lambda f: f.update({FINISH: bytes(1 << 21)}), FindingKind.UNREADABLE),
        (
            lambda f: f.update({FINISH: f[FINISH].replace(b"4.00", b"1.00")}),
            FindingKind.BAD_SIGNATURE,
        ),
        (
            lambda f: f.update({FINISH.replace("Sig-", "Sig-9"): f.pop(FINISH)}),
            FindingKind.NAME_MISMATCH,
        ),
        (
            lambda f: f.update({FINISH.replace("bar-3", "x"): f[FINISH]}),
            FindingKind.DOUBLE_COUNTER,
        ),
        (lambda f: f.update({OWN: b"rubbish"}), FindingKind.BAD_CERTIFICATE),
        (lambda f: f.update({OWN: bytes(1 << 21)}), FindingKind.BAD_CERTIFICATE),
        (
            lambda f: f.update({OWN.replace(OWN[:4], "0000"): f.pop(OWN)}),
            FindingKind.NAME_MISMATCH,
        ),
        (lambda f: f.update({"../../etc/passwd": b"x"}), FindingKind.HOSTILE_PATH),
        (
            lambda f: f.update({f"/root/{FINISH}": f.pop(FINISH)}),
            FindingKind.HOSTILE_PATH,
        ),
    ],
)
def test_each_fault_is_found(
    change: Callable[[Files], object], kind: FindingKind
) -> None:
    files = dict(FILES)
    change(files)
    check = check_export(packed(files))
    assert not check.valid
    assert kind in {finding.kind for finding in check.findings}
    assert all(finding.text.endswith(".") for finding in check.findings)


def told(files: Files, threads: int) -> tuple[object, ...]:
    steps: list[object] = []
    check = check_export(
        packed(files),
        steps.append,
        see=lambda message: steps.append(message.signature_counter),
        threads=threads,
    )
    return check.findings, check.messages, check.verified, check.open_numbers, steps


@pytest.mark.parametrize("every", [1, 2, 3])
def test_several_threads_find_the_same_in_the_same_order(every: int) -> None:
    changed = {f"readme-{number}.txt": b"x" for number in range(40)}
    for place, (name, data) in enumerate(FILES.items()):
        changed[name] = data
        if place % every == 0 and "_Log-" in name:
            changed[name] = data.replace(b"4.00", b"1.00")
            changed[f"sub/{name}"] = data[:-1]
    assert told(changed, 1) == told(changed, 3)
    assert told(FILES, 1) == told(FILES, 3)


def test_whoever_is_given_the_finished_may_stop_the_check() -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_export(packed(FILES), stop, threads=2)
    assert not [t for t in threading.enumerate() if "side-by-side" in t.name]


@pytest.mark.parametrize("cut", [1300, 5000])
def test_an_archive_that_breaks_off_does_so_for_several_threads(cut: int) -> None:
    data = packed(FILES).getvalue()[:cut]
    with pytest.raises(Unreadable, match="no whole TAR"):
        check_export(io.BytesIO(data), threads=2)


def test_holes_and_strange_files_are_told_but_do_not_condemn() -> None:
    files = {**FILES, "readme.txt": b"hello"}
    del files[FINISH]
    check = check_export(packed(files))
    assert check.valid
    assert {f.kind for f in check.findings} == {
        FindingKind.COUNTER_HOLE,
        FindingKind.UNKNOWN_FILE,
    }
    assert check.open_numbers == (2, 4)


def test_order_is_told_but_does_not_condemn() -> None:
    assert FindingKind.OUT_OF_ORDER in kinds(dict(reversed(FILES.items())))
    assert not kinds(FILES)


def test_a_clock_that_ran_backwards_is_told() -> None:
    bench = Bench()
    bench.session.setup()
    bench.sale()
    element = bench.module.device.element
    element.set_time(bench.clock.now() - timedelta(hours=1))
    bench.sale()
    check = check_export(io.BytesIO(b"".join(bench.session.export_all())))
    assert check.valid
    assert [f.kind for f in check.findings] == [FindingKind.TIME_BACKWARDS]


def test_an_expired_certificate_is_told_once() -> None:
    bench = Bench(Direct, Fault.EXPIRED)
    bench.session.setup()
    bench.sale()
    check = check_export(io.BytesIO(b"".join(bench.session.export_all())))
    assert check.valid
    assert [f.kind for f in check.findings] == [FindingKind.EXPIRED]


@pytest.mark.parametrize(
    ("line", "maker"),
    [
        (
            '"description:","T","manufacturer:","Maker; Inc","version:","1"',
            "Maker; Inc",
        ),
        ("description:,T,manufacturer:,Maker,version:,1", "Maker"),
    ],
)
def test_info_says_who_made_it(line: str, maker: str) -> None:
    check = check_export(packed({**FILES, "info.csv": line.encode()}))
    assert check.info == {"description": "T", "manufacturer": maker, "version": "1"}


@pytest.mark.parametrize("info", [None, b"", b"\xff\x00", bytes(9999), b'"'])
def test_an_info_that_says_nothing_is_told(info: bytes | None) -> None:
    files = {name: data for name, data in FILES.items() if name != "info.csv"}
    if info is not None:
        files["info.csv"] = info
    assert kinds(files) <= {FindingKind.NO_INFO}


def test_a_verdict_can_be_had_without_keeping_the_whole() -> None:
    given: list[int] = []
    check = check_export(packed(FILES), give=lambda done: given.append(done.number))
    assert (check.transactions, check.finished) == ({}, 3)
    assert given == [1, 2, 3]
    assert check.open_numbers == (4,)


def test_a_certificate_its_issuer_did_not_sign_is_found() -> None:
    other = keys.create(datetime(2026, 6, 1, tzinfo=UTC))
    mine = dict(FILES)
    chain = [name for name in FILES if "_X509" in name]
    names = [name for name, _ in other.files()]
    for index in (1, 2):  # the same names in another hand
        del mine[chain[index]]
        mine[names[index]] = other.files()[index][1]
    assert FindingKind.BAD_CERTIFICATE in kinds(mine)


def test_a_flood_of_certificates_is_not_read_to_its_end() -> None:
    flood = {f"{number}_X509.der": FILES[OWN] for number in range(150)}
    check = check_export(packed({**FILES, **flood}))
    told = [each.text for each in check.findings if "that many" in each.text]
    assert not check.valid
    assert len(told) == 1
    assert check.verified == check.messages  # those before the flood are known


def test_messages_of_any_number_of_tses_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_reader, "SERIALS_MAX", 0)
    check = check_export(packed(FILES))
    assert check.valid
    assert FindingKind.COUNTER_HOLE not in {each.kind for each in check.findings}


def test_published_log_messages_are_read_from_an_archive() -> None:
    vectors = log_messages()
    files = {
        m["id"]: base64.b64decode(m["log_b64"])
        for m in vectors["messages"]
        if m["valid"]
    }
    certificate = base64.b64decode(vectors["certificate"])
    files[f"{vectors['messages'][0]['serial']}_X509.cer"] = certificate
    check = check_export(packed(files))
    assert check.valid
    assert check.verified == 5
    assert {finding.kind for finding in check.findings} == {
        FindingKind.COUNTER_HOLE,
        FindingKind.OUT_OF_ORDER,
        FindingKind.OPEN_CHAIN,
        FindingKind.NO_INFO,
    }
    assert len(list(read_export(packed(files)))) == 5


@pytest.mark.parametrize("cut", [100, 600, 1300, 5000])
def test_a_cut_off_archive_is_unreadable(cut: int) -> None:
    data = packed(FILES).getvalue()[:cut]
    with pytest.raises(Unreadable, match="no whole TAR"):
        check_export(io.BytesIO(data))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_judged_or_unreadable(data: st.DataObject) -> None:
    raw = bytearray(ARCHIVE)
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        check_export(io.BytesIO(bytes(raw)))
    except Unreadable:
        return


ARCHIVE = packed(
    {n: d for n, d in FILES.items() if n in (OWN, FINISH, "info.csv")}
).getvalue()[:5120]
