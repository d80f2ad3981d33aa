from __future__ import annotations

import io
import os
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.export.check import package
from hub.export.check.dsfinvk import check_dsfinvk
from hub.export.index import INDEX_NAME
from tests.hub.export import exports

if TYPE_CHECKING:
    from pathlib import Path


def with_more(export: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    """Copy an export, and add something to it."""
    copy = export.with_name("more.zip")
    copy.write_bytes(export.read_bytes())
    with zipfile.ZipFile(copy, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return copy


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a\\b.csv",
        "folder/vat.csv",
        "C:x",
        "..",
        "a\x07",
    ],
)
def test_hostile_names_are_told_and_never_read(exported: Path, name: str) -> None:
    check = check_dsfinvk(with_more(exported, (zipfile.ZipInfo(name), b"x")))

    assert [each.kind for each in check.findings] == ["archive"]
    assert "is no plain file name; it is not read." in str(check.findings[0])
    assert check.verified == check.signatures == 38


def test_links_and_folders_are_no_files(exported: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    check = check_dsfinvk(with_more(exported, (link, b"/etc/passwd")))

    assert str(check.findings[0]) == "'link.csv' is no file; it is not read."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_read_once(exported: Path) -> None:
    check = check_dsfinvk(with_more(exported, ("VAT.csv", b"x")))

    assert "'VAT.csv' is there twice" in str(check.findings[0])
    assert check.closings == 4


def test_what_would_burst_is_not_unpacked(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "RATIO_COUNTS_FROM", 100_000)
    check = check_dsfinvk(with_more(exported, ("bomb.csv", bytes(1_000_000))))

    assert "'bomb.csv' would burst when it is unpacked" in str(check.findings[0])


def test_too_many_and_too_large_files_are_refused(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = with_more(exported, *((f"{number}.csv", b"") for number in range(200)))
    assert "has more than 200 files; an export has 22." in str(
        check_dsfinvk(many).findings[0]
    )

    monkeypatch.setattr(package, "TOTAL_BYTES_MAX", 1000)
    check = check_dsfinvk(exported)
    assert not check.readable
    assert "more than 16 GiB" in str(check.findings[0])


def test_a_line_without_end_is_refused(exported: Path) -> None:
    long = exports.tampered(exported, {"vat.csv": lambda text: text + "x" * 2_000_000})
    check = check_dsfinvk(long)

    assert any("has more than 65536 bytes." in str(each) for each in check.findings)


def test_a_size_that_lies_is_found(exported: Path) -> None:
    """The directory says that a table is shorter than it is."""
    data = bytearray(exported.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo("transactions.csv")
    place = data.rindex(b"transactions.csv") - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    struct.pack_into("<I", data, place + 24, entry.file_size - 10)
    copy = exported.with_name("lies.zip")
    copy.write_bytes(data)
    check = check_dsfinvk(copy)

    assert not check.ok
    assert any("can't be read" in str(e) or "longer" in str(e) for e in check.findings)


def unpacked(export: Path, folder: Path) -> Path:
    with zipfile.ZipFile(export) as archive:
        archive.extractall(folder)
    return folder


def test_a_folder_is_judged_like_the_file(exported: Path, tmp_path: Path) -> None:
    assert check_dsfinvk(unpacked(exported, tmp_path / "good")) == check_dsfinvk(
        exported
    )

    bad = exports.tampered(
        exported,
        {
            "vat.csv": lambda text: text.replace("19,00", "18,00"),
            "lines.csv": lambda text: text[:-40],
            "tse.csv": lambda _text: None,
        },
    )
    check = check_dsfinvk(unpacked(bad, tmp_path / "bad"))
    assert not check.ok
    assert check == check_dsfinvk(bad)


def test_what_is_no_file_in_a_folder_is_not_read(
    exported: Path, tmp_path: Path
) -> None:
    folder = unpacked(exported, tmp_path / "export")
    (folder / "vat.csv").rename(tmp_path / "vat.csv")
    (folder / "vat.csv").symlink_to(tmp_path / "vat.csv")
    (folder / "inner").mkdir()
    os.mkfifo(folder / "pipe.csv")
    said = [str(each) for each in check_dsfinvk(folder).findings]

    for name in ("vat.csv", "inner", "pipe.csv"):
        assert f"'{name}' is no file; it is not read." in said


def test_an_empty_folder_is_no_export(tmp_path: Path) -> None:
    check = check_dsfinvk(tmp_path)

    assert not check.readable
    assert "There is no index.xml in it" in str(check.findings[0])


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("<DataSet>", "index.xml can't be read"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares an entity"),
        ("<a>" * 20 + "</a>" * 20, "nested too deeply"),
    ],
)
def test_an_index_that_is_none_is_refused(
    exported: Path, index: str, reason: str
) -> None:
    check = check_dsfinvk(exports.tampered(exported, {INDEX_NAME: lambda _text: index}))

    assert not check.readable
    assert reason in str(check.findings[0])


def test_without_an_index_it_is_no_export(exported: Path) -> None:
    check = check_dsfinvk(exports.tampered(exported, {INDEX_NAME: lambda _text: None}))

    assert not check.readable


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    places=st.lists(
        st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8
    )
)
def test_damaged_archives_are_judged_all_the_same(
    one_day: Path, places: list[tuple[float, int]]
) -> None:
    data = bytearray(one_day.read_bytes())
    for share, value in places:
        data[int(share * len(data))] = value
    copy = one_day.with_name("damaged.zip")
    copy.write_bytes(data)

    check = check_dsfinvk(copy)
    assert check.ok is not bool(check.errors)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_any_text_in_any_table_is_judged(one_day: Path, data: st.DataObject) -> None:
    files = exports.texts(one_day)
    file = data.draw(st.sampled_from(sorted(files)))
    text = files[file]
    place = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(place, min(len(text), place + 40)))
    more = data.draw(st.text(st.characters(codec="utf-8"), max_size=20))
    changed = text[:place] + more + text[until:]

    check = check_dsfinvk(exports.tampered(one_day, {file: lambda _text: changed}))
    assert check.ok is not bool(check.errors)
