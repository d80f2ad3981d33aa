from __future__ import annotations

import pytest

from contract.bill_reference import (
    creditor_reference,
    grouped,
    make_reference,
    order_id,
    spaced,
)
from edge.core.scanning import bill_reference

OURS = make_reference(123456789012345678901)
BANKS = make_reference(123456789012345678901, "12345")
OTHER = make_reference(223456789012345678901)
SWISS = "\n".join(
    ["SPC", "0200", "1", "CH4431999123000889012", "S", "Runners", "QRR", BANKS, "EPD"]
)
TRANSFER = ("BCD", "002", "1", "SCT", "", "Runners", "DE02120300000000202051")
GIRO = "\n".join((*TRANSFER, "EUR55.00", "", creditor_reference(OURS)))


@pytest.mark.parametrize(
    ("scanned", "reference"),
    [
        (OURS, OURS),
        (BANKS, BANKS),
        (f"  {grouped(BANKS)}\r\n", BANKS),
        (SWISS, BANKS),
        (GIRO, OURS),
        (spaced(creditor_reference(OURS)), OURS),
        (order_id(BANKS, 2), BANKS),
        ("", None),
        ("https://portal.example/w/abc", None),
        (OURS[:-1] + str((int(OURS[-1]) + 1) % 10), None),
        (f"{OURS} {OTHER}", None),
    ],
)
def test_a_scanner_reads_the_one_bill_that_is_named(
    scanned: str, reference: str | None
) -> None:
    assert bill_reference(scanned) == reference
