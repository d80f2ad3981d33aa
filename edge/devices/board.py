"""What the computer says of itself: a Raspberry Pi by its device tree, a PC by DMI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.messages import TillDevice
from contract.tse_news import NAMED_MAX, plain

if TYPE_CHECKING:
    from contract.ids import TillId
    from edge.core.settings import DeviceSection

SYSTEM: Final = Path("/")
SOFTWARE: Final = "Kassenband"

_TREE = Path("proc/device-tree")
_DMI = Path("sys/class/dmi/id")
_MAKERS = ("Raspberry Pi",)  # who write their own name in front of the model's


def describe(
    settings: DeviceSection, till: TillId, version: str, *, system: Path = SYSTEM
) -> TillDevice:
    """Say what this till is made of: as configured, else as found out.

    A computer without a readable serial number has its till's name for one.
    """
    model = _read(system / _TREE / "model")
    brand = next((maker for maker in _MAKERS if model.startswith(maker)), "")
    found = (
        brand or _read(system / _DMI / "sys_vendor"),
        model.removeprefix(brand).strip() or _read(system / _DMI / "product_name"),
        _read(system / _TREE / "serial-number")
        or _read(system / _DMI / "product_serial")
        or till,
    )
    said = (settings.brand, settings.model, settings.serial)
    brand, model, serial = (
        plain(mine or its, NAMED_MAX) for mine, its in zip(said, found, strict=True)
    )
    return TillDevice(
        brand=brand,
        model=model,
        serial=serial,
        software_brand=SOFTWARE,
        software_version=plain(version, NAMED_MAX),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip("\0\n ")
    except (OSError, UnicodeDecodeError):  # a serial number is for root alone
        return ""
