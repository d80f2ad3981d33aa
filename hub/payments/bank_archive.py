"""Archives that banks put several days into: each member is a file of its own."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from hub.payments.camt import FILE_BYTES_MAX
from hub.payments.errors import BankFileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBERS_MAX = 100
_MAGIC = b"PK\x03\x04"


def unpack(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file in an archive; any other file is itself.

    Raises BankFileRefused for an archive that is broken, or holds too much.
    """
    if not data.startswith(_MAGIC):
        yield name, data
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) > MEMBERS_MAX:
                raise BankFileRefused(
                    f"The archive {name} has {len(members)} files, more than "
                    f"{MEMBERS_MAX}. Import it in parts."
                )
            for member in members:
                yield f"{name}/{member.filename}", _read(archive, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # RuntimeError: it asks for a password, or is packed in an unknown way.
        raise BankFileRefused(
            f"The archive {name} can't be unpacked ({error}). Download it again, or "
            "unpack it yourself and import the files."
        ) from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than a bank's file may have: what is said of its size may lie."""
    with archive.open(member) as source:
        data = source.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise BankFileRefused(
            f"{member.filename} is larger than {FILE_BYTES_MAX // 2**20} MiB. "
            "Have the bank split it by day."
        )
    return data
