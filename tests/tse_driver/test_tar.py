from __future__ import annotations

import io
import os
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tse_driver.test_export_reader import FILES, packed
from tse_driver import tar
from tse_driver.errors import Unreadable
from tse_driver.export_reader import check_export

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
MEMORY_MAX = 8 << 20


def read(archive: io.BytesIO) -> dict[str, bytes]:
    return {m.name: tar.content(archive, m) for m in tar.members(archive)}


def written(files: dict[str, bytes], form: int) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=form) as out:
        out.addfile(_directory())
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    archive.seek(0)
    return archive


def _directory() -> tarfile.TarInfo:
    info = tarfile.TarInfo("a-folder")
    info.type = tarfile.DIRTYPE
    return info


@pytest.mark.parametrize(
    "form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text("abcö-_./", min_size=1, max_size=60).filter(lambda n: n.strip("/")),
        st.binary(max_size=1100),
        max_size=4,
    )
)
def test_what_others_write_is_read(form: int, files: dict[str, bytes]) -> None:
    assert {n.rstrip("/") for n in read(written(files, form))} == {
        n.rstrip("/") for n in files
    }


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_large_sizes_are_read(form: int) -> None:
    files = {"d/" * 80 + "x" * 120 + ".log": b"abc", "short": b"de"}
    assert read(written(files, form)) == files


def test_every_cut_is_noticed() -> None:
    whole = written({"a": b"x" * 700, "b": b"y"}, tarfile.PAX_FORMAT).getvalue()
    end = len(whole.rstrip(b"\0")) // tar.BLOCK * tar.BLOCK + tar.BLOCK
    for cut in range(0, end, 100):
        with pytest.raises(Unreadable, match="no whole TAR"):
            read(io.BytesIO(whole[:cut]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_archive_makes_it_stumble(data: st.DataObject) -> None:
    raw = bytearray(SMALL)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + 1] = data.draw(st.binary(max_size=4))
    try:
        read(io.BytesIO(bytes(raw)))
    except Unreadable:
        return


SMALL = written({"x" * 120: b"abc", "info.csv": b"de"}, tarfile.PAX_FORMAT).getvalue()[
    :4608
]


def header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    info = tarfile.TarInfo(name.decode())
    info.size = size
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    raw[156:157] = kind
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw):06o}\0 ".encode()
    return bytes(raw)


def judged_in_little_memory(path: Path) -> str:
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            check = check_export(file)
        return " ".join(f"{f.kind}: {f.text}" for f in check.findings)
    except Unreadable as error:
        return str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MEMORY_MAX


@pytest.mark.parametrize(
    ("name", "kind", "verdict"),
    [
        (b"Unixt_1_Sig-1_Log-Aud.log", b"0", "it is larger than"),
        (b"00_X509.cer", b"0", "it is larger than"),
        (b"info.csv", b"0", ""),  # the good one behind it counts
        (b"a-sparse-one.log", b"S", "a sparse file, which no TSE writes"),
        (b"a-long-name", b"L", "an extra header of 10737418240 bytes"),
        (b"a-pax-header", b"x", "an extra header of 10737418240 bytes"),
    ],
)
def test_ten_gigabytes_of_nothing_are_judged_at_once(
    tmp_path: Path, name: bytes, kind: bytes, verdict: str
) -> None:
    path = tmp_path / "bomb.tar"
    with path.open("wb") as file:
        file.write(header(name, 10 * GIB, kind))
        file.seek(10 * GIB, os.SEEK_CUR)  # holes on the disk
        file.write(packed(FILES).getvalue())
    assert verdict in judged_in_little_memory(path)


@pytest.mark.parametrize(
    "claim", [10 * GIB, (1 << 62) - 1, (1 << 80) - 1], ids=["10 GiB", "62", "80 bits"]
)
def test_a_size_that_is_a_lie_is_named(tmp_path: Path, claim: int) -> None:
    path = tmp_path / "lie.tar"
    path.write_bytes(header(b"x.log", claim) + bytes(2048))
    assert "it breaks off" in judged_in_little_memory(path)


def test_endless_extra_headers_are_refused() -> None:
    name = header(b"n", 3, b"L") + b"abc".ljust(tar.BLOCK, b"\0")
    with pytest.raises(Unreadable, match="too many extra headers"):
        read(io.BytesIO(name * 50))


@pytest.mark.parametrize(
    "record", [b"5 a=b\n", b"x path=y\n", b"99 path=y\n", b"0 a\n", b"3 \n\n"]
)
def test_a_broken_pax_header_is_refused(record: bytes) -> None:
    raw = header(b"p", len(record), b"x") + record.ljust(tar.BLOCK, b"\0")
    with pytest.raises(Unreadable, match=r"pax|breaks off"):
        read(io.BytesIO(raw + header(b"a", 0)))
