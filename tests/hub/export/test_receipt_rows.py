from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import pytest

from contract.money import Currency
from contract.order import LineRole, make_line, plain_line
from hub.export.cash_point import Original
from hub.export.check.dsfinvk import check_dsfinvk
from hub.export.receipt_rows import fault
from tests.hub.export import exports
from tests.hub.export.exports import rows
from tests.hub.export.till_days import BEER, CASH, CUP, PRETZEL, Till, a_day, sale

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def day() -> Till:
    return a_day(Till())


@pytest.fixture(scope="module")
def one(day: Till, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exports.write(tmp_path_factory.mktemp("one") / "one.zip", [day])


def about(path: Path, file: str, receipt: str) -> list[dict[str, str]]:
    return [row for row in rows(path, file) if row["BON_ID"] == receipt]


def nth(day: Till, sequence: int) -> Any:
    found = [each for _, orders in day.closed for each in orders]
    return next(each for each in found if each.order.sequence == sequence)


def test_a_sale_is_one_receipt_by_whom_it_was_rung_up(day: Till, one: Path) -> None:
    sold = nth(day, 3)
    (head,) = about(one, "transactions.csv", str(sold.order.id))

    assert head["BON_TYP"] == "Beleg"
    assert (head["BON_NR"], head["UMS_BRUTTO"]) == ("3", "20,63")
    assert (head["BEDIENER_ID"], head["BEDIENER_NAME"]) == ("-", "nicht angemeldet")
    assert head["BON_START"] == f"{sold.order.opened_at:%Y-%m-%dT%H:%M:%SZ}"
    (paid,) = about(one, "datapayment.csv", str(sold.order.id))
    assert (paid["ZAHLART_TYP"], paid["ZAHLWAEH_CODE"]) == ("Bar", "EUR")
    assert (paid["ZAHLWAEH_BETRAG"], paid["BASISWAEH_BETRAG"]) == ("", "20,63")


def test_lines_say_what_was_sold_and_in_which_group(day: Till, one: Path) -> None:
    text = exports.texts(one)["lines.csv"]

    assert ';1;"Getränke; kalt";2,000;;;4,50000\r\n' in text
    assert ';"Becher ""0,4 l""; grün";;Pfand;' in text


def test_a_cancellation_is_a_receipt_of_its_own_that_names_the_first(
    day: Till, one: Path
) -> None:
    first, undoing = nth(day, 2), nth(day, 9)
    (head,) = about(one, "transactions.csv", str(undoing.order.id))
    (reference,) = about(one, "references.csv", str(undoing.order.id))

    assert (head["BON_TYP"], head["BON_STORNO"]) == ("Beleg", "0")
    assert head["UMS_BRUTTO"] == "-19,63"
    assert (reference["REF_TYP"], reference["POS_ZEILE"]) == ("Transaktion", "")
    assert reference["REF_BON_ID"] == str(first.order.id)
    assert (reference["REF_Z_KASSE_ID"], reference["REF_Z_NR"]) == ("bar-1", "1")


def test_a_cancellation_by_line_names_the_first_at_each_line(
    day: Till, one: Path
) -> None:
    undoing = nth(day, 11)
    found = about(one, "references.csv", str(undoing.order.id))

    assert [row["POS_ZEILE"] for row in found] == ["1", "2"]


def test_a_cancellation_names_what_the_ledger_does_not_have(tmp_path: Path) -> None:
    day = a_day(Till())
    (orders,) = [each for _, each in day.closed if nth(day, 9) in each]
    undoing, missing = nth(day, 9), uuid4()
    orders[orders.index(undoing)] = replace(undoing, original=Original(missing))
    out = exports.write(tmp_path / "out.zip", [day])

    (reference,) = about(out, "references.csv", str(undoing.order.id))
    assert reference["REF_BON_ID"] == str(missing)
    assert (reference["REF_Z_KASSE_ID"], reference["REF_Z_NR"]) == ("", "")
    check = check_dsfinvk(out)
    assert check.ok, check.findings
    assert any(str(missing) in each.text for each in check.findings)


def test_an_aborted_order_shows_its_basket_and_no_turnover(
    day: Till, one: Path
) -> None:
    receipt = str(nth(day, 12).order.id)
    (head,) = about(one, "transactions.csv", receipt)

    assert (head["BON_TYP"], head["UMS_BRUTTO"]) == ("AVBelegabbruch", "0,00")
    assert len(about(one, "lines_vat.csv", receipt)) == 3
    assert not about(one, "datapayment.csv", receipt)
    assert not about(one, "transactions_vat.csv", receipt)


def test_an_outage_stands_where_the_signature_would(day: Till, one: Path) -> None:
    receipt = str(nth(day, 13).order.id)
    text = exports.texts(one)["transactions_tse.csv"]
    (line,) = [each for each in text.split("\r\n") if receipt in each]

    assert ';"TSE ausgefallen: kein Strom; Stecker gezogen (seit 2026-' in line
    assert f"{receipt};;;;;;;;" in line


def test_an_outages_period_fits_however_long_its_reason_is(day: Till) -> None:
    ended = nth(day, 13)
    until = ended.outage.since + timedelta(hours=1)
    long = msgspec.structs.replace(ended.outage, reason="x" * 200)

    said = fault(long, until)
    assert len(said) <= 200
    assert said.endswith(f"bis {until:%Y-%m-%dT%H:%M:%SZ})")


def test_training_and_what_moves_no_money_are_told_but_do_not_count(
    day: Till, one: Path
) -> None:
    training, block = str(nth(day, 14).order.id), str(nth(day, 15).order.id)
    (practiced,) = about(one, "transactions.csv", training)
    (blocked,) = about(one, "transactions.csv", block)

    assert practiced["BON_TYP"] == "AVTraining"
    assert len(about(one, "lines_vat.csv", training)) == 1
    assert (blocked["BON_TYP"], blocked["BON_NAME"]) == ("AVSonstige", "block")
    (signed,) = about(one, "transactions_tse.csv", block)
    assert signed["TSE_TA_VORGANGSART"] == "SonstigerVorgang"


def test_money_for_two_wristbands_is_two_vouchers(day: Till, one: Path) -> None:
    found = about(one, "lines.csv", str(nth(day, 16).order.id))

    vouchers = [row["GUTSCHEIN_NR"] for row in found]
    assert [each for each in vouchers if each] == ["41", "42"]


def test_francs_are_the_registers_own_money(tmp_path: Path) -> None:
    till = Till(currency=Currency.CHF)
    bought = [make_line(BEER, 1), make_line(PRETZEL, 1), make_line(CUP, 1)]
    rounding = plain_line(LineRole.ROUNDING, -1, "Rundung")
    till.ring(sale(CASH, *bought, rounding, currency=Currency.CHF))
    till.close()
    path = exports.write(tmp_path / "francs.zip", [till])

    assert check_dsfinvk(path).findings == ()
    (paid,) = rows(path, "datapayment.csv")
    assert (paid["ZAHLWAEH_CODE"], paid["BASISWAEH_BETRAG"]) == ("CHF", "8,70")
    (register,) = rows(path, "cashregister.csv")
    assert register["KASSE_BASISWAEH_CODE"] == "CHF"
    signed = rows(path, "transactions_tse.csv")[0]
    assert signed["TSE_VORGANGSDATEN"].endswith("^8.70:Bar:CHF")
