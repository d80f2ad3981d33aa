"""An export as somebody else's package writes it, around the standard's own example."""

from __future__ import annotations

import base64
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dsfinvk import models
from dsfinvk.collection import Collection

from hub.export.check.dsfinvk import check_dsfinvk
from hub.export.index import DTD_NAME, INDEX_NAME, dtd, index_xml
from hub.export.tables import TABLES, Table, certificate_column
from tse_driver.log_message import Receipt
from tse_driver.signature import PublicKey

VECTORS = Path(__file__).parents[3] / "tse_driver" / "vectors" / "receipts.json"
EXAMPLE = "dsfinvk-annex-AMA-2642"
SIGNED = datetime(2019, 11, 22, 11, 29, 48, tzinfo=UTC)
HEAD = {"Z_KASSE_ID": "1", "Z_ERSTELLUNG": SIGNED, "Z_NR": 4}
LINE = {**HEAD, "BON_ID": "13"}


@pytest.fixture(scope="module")
def receipt() -> Receipt:
    found = json.loads(VECTORS.read_text("utf-8"))
    return Receipt.from_text(
        next(each["qr"] for each in found if each["id"] == EXAMPLE)
    )


def closing(receipt: Receipt) -> list[Any]:
    key = PublicKey.from_bytes(base64.b64decode(receipt.public_key))
    business = {
        "NAME": "Muster GmbH",
        "STRASSE": "Weg 1",
        "PLZ": "10115",
        "ORT": "Berlin",
        "LAND": "DEU",
    }
    tse = models.Stamm_TSE(
        **HEAD,
        TSE_ID=7,
        TSE_SERIAL=key.serial.hex(),
        TSE_SIG_ALGO=receipt.algorithm,
        TSE_ZEITFORMAT=receipt.time_format,
        TSE_PD_ENCODING="UTF-8",
        TSE_PUBLIC_KEY=receipt.public_key,
    )
    return [
        models.Stamm_Abschluss(
            **HEAD,
            **business,
            TAXONOMIE_VERSION="2.4",
            Z_START_ID="13",
            Z_ENDE_ID="13",
            STNR="1/2/3",
            Z_SE_ZAHLUNGEN=Decimal("7.05"),
            Z_SE_BARZAHLUNGEN=Decimal("7.05"),
        ),
        models.Stamm_Orte(**HEAD, **{f"LOC_{k}": v for k, v in business.items()}),
        models.Stamm_Kassen(
            **HEAD, KASSE_SERIENNR=receipt.client_id, KASSE_BASISWAEH_CODE="EUR"
        ),
        tse,
        *(
            models.Stamm_USt(**HEAD, UST_SCHLUESSEL=code, UST_SATZ=rate, UST_BESCHR="x")
            for code, rate in ((1, 19), (2, 7))
        ),
        models.Z_Zahlart(**HEAD, ZAHLART_TYP="Bar", Z_ZAHLART_BETRAG=Decimal("7.05")),
        models.Z_Waehrungen(
            **HEAD, ZAHLART_WAEH="EUR", ZAHLART_BETRAG_WAEH=Decimal("7.05")
        ),
    ]


def sale(receipt: Receipt) -> list[Any]:
    rows: list[Any] = [
        models.Bonkopf(
            **LINE,
            BON_NR=13,
            BON_TYP="Beleg",
            BON_STORNO=False,
            BON_START=SIGNED,
            BON_ENDE=SIGNED,
            BEDIENER_ID="4",
            UMS_BRUTTO=Decimal("7.05"),
        ),
        models.Bonkopf_Zahlarten(
            **LINE,
            ZAHLART_TYP="Bar",
            ZAHLWAEH_CODE="EUR",
            BASISWAEH_BETRAG=Decimal("7.05"),
        ),
        models.TSE_Transaktionen(
            **LINE,
            TSE_ID=7,
            TSE_TANR=receipt.transaction_number,
            TSE_TA_START=f"{receipt.start:%Y-%m-%dT%H:%M:%S.000Z}",
            TSE_TA_ENDE=f"{receipt.finish:%Y-%m-%dT%H:%M:%S.000Z}",
            TSE_TA_VORGANGSART=receipt.process_type,
            TSE_TA_SIGZ=receipt.signature_counter,
            TSE_TA_SIG=receipt.signature,
            TSE_VORGANGSDATEN=receipt.process_data,
        ),
    ]
    for number, (gross, net, tax) in enumerate(
        (("4.05", "3.40336", "0.64664"), ("3.00", "2.80374", "0.19626")), start=1
    ):
        sums = [Decimal(each) for each in (gross, net, tax)]
        rows += [
            models.Bonpos(
                **LINE, POS_ZEILE=str(number), ARTIKELTEXT="Kaffee", GV_TYP="Umsatz"
            ),
            models.Bonpos_USt(
                **LINE,
                POS_ZEILE=str(number),
                UST_SCHLUESSEL=number,
                **dict(zip(("POS_BRUTTO", "POS_NETTO", "POS_UST"), sums, strict=True)),
            ),
            models.Bonkopf_USt(
                **LINE,
                UST_SCHLUESSEL=number,
                **dict(zip(("BON_BRUTTO", "BON_NETTO", "BON_UST"), sums, strict=True)),
            ),
            models.Z_GV_Typ(
                **HEAD,
                GV_TYP="Umsatz",
                UST_SCHLUESSEL=number,
                **dict(
                    zip(("Z_UMS_BRUTTO", "Z_UMS_NETTO", "Z_UST"), sums, strict=True)
                ),
            ),
        ]
    return rows


def foreign(path: Path, receipt: Receipt) -> Path:
    """Write it as that package does, and put beside it what the package forgets."""
    collection = Collection()
    for row in (*closing(receipt), *sale(receipt)):
        collection.add(row)
    more = tuple(certificate_column(number) for number in range(3, 8))
    tables = [
        Table(each.file, each.name, each.columns + more)
        if each.file == "tse.csv"
        else each
        for each in TABLES
    ]
    index = path.with_name(INDEX_NAME)
    index.write_bytes(index_xml(tables, supplier="A", location="B", comment="C"))
    type_file = path.with_name("type.dtd")
    type_file.write_bytes(dtd())
    collection.write(path, index, type_file)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(DTD_NAME, dtd())
        for table in tables:
            if table.file not in collection.records:
                heading = ";".join(column.name for column in table.columns)
                archive.writestr(table.file, f"{heading}\r\n")
    return path


def test_the_standards_example_in_somebody_elses_export_verifies(
    tmp_path: Path, receipt: Receipt
) -> None:
    """That package groups digits, which index.xml allows and the standard does not."""
    check = check_dsfinvk(foreign(tmp_path / "foreign.zip", receipt))

    assert (check.signatures, check.verified) == (1, 1)
    assert [str(each) for each in check.findings if not each.is_note] == [
        "tse.csv line 2, TSE_ZERTIFIKAT_I: It must be filled.",
        "transactions_tse.csv line 2, TSE_TA_SIGZ: "
        "'44.131' has separators of thousands.",
    ]
    assert [str(each) for each in check.findings if each.is_note] == [
        "Note: gdpdu-01-08-2002.dtd: The standard has no such file."
    ]
