from __future__ import annotations

import io
import zipfile

import pytest

from hub.payments import bank_archive
from hub.payments.bank_archive import MEMBERS_MAX, unpack
from hub.payments.errors import BankFileRefused


def archive(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return target.getvalue()


def test_a_plain_file_is_itself() -> None:
    assert list(unpack("day.xml", b"<Document/>")) == [("day.xml", b"<Document/>")]


def test_each_file_of_an_archive_stands_for_itself() -> None:
    data = archive(("a.xml", b"one"), ("folder/", b""), ("folder/b.xml", b"two"))

    assert list(unpack("days.zip", data)) == [
        ("days.zip/a.xml", b"one"),
        ("days.zip/folder/b.xml", b"two"),
    ]


def test_what_grows_beyond_a_banks_file_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bank_archive, "FILE_BYTES_MAX", 2**20)

    with pytest.raises(BankFileRefused, match="larger than"):
        list(unpack("bomb.zip", archive(("a.xml", bytes(2**20 + 1)))))


def test_too_many_files_are_refused() -> None:
    data = archive(*((f"{number}.xml", b"") for number in range(MEMBERS_MAX + 1)))

    with pytest.raises(BankFileRefused, match="Import it in parts"):
        list(unpack("many.zip", data))


def test_a_broken_archive_is_refused() -> None:
    data = archive(("a.xml", b"one" * 100))
    changed = data.replace(data[30:40], b"\xff" * 10)

    for broken in (data[:40], data[:4], changed):
        with pytest.raises(BankFileRefused, match="can't be unpacked"):
            list(unpack("broken.zip", broken))
