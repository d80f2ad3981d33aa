from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hub
from hub.web.sentences import say
from hub.web.texts import LOCALE_FOLDER, Language

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(hub.__file__).parent
SPOKEN = json.loads((LOCALE_FOLDER / "sentences.de.json").read_text("utf-8"))
PLACE = re.compile(r"\{\w*\}")

SHOWN = (
    *("core/bills/bill.py", "core/bills/matching.py", "core/bills/reports.py"),
    *("core/bills/settlement.py", "payments/bank_archive.py", "payments/by_hand.py"),
    *("payments/camt.py", "payments/camt_entry.py", "payments/pain001.py"),
    *("payments/paypal_disputes.py", "payments/paypal_orders.py"),
    *("payments/performing.py", "payments/postfinance.py"),
    *("payments/postfinance_status.py", "payments/registry.py", "payments/transfer.py"),
    *("payments/stripe_checkout.py", "service/bank_import.py", "service/bank_queue.py"),
    *("service/bill_payments.py", "service/bill_viewers.py", "service/bills.py"),
    *("service/bill_office.py", "service/bill_reports.py", "service/claims.py"),
    *("service/payees.py", "service/payout_files.py", "service/refunds.py"),
    *("service/seen_to.py", "service/settlements.py", "service/slips.py"),
    *("service/transfers.py", "web/flag_pages.py"),
    *("web/bank_pages.py", "web/doubt_pages.py", "web/refund_pages.py"),
    *("web/settlement_pages.py", "web/slip_pages.py"),
)
"""Whose sentences reach a page of the portal or the office."""

NOT_SHOWN = frozenset(
    {
        # Of who wrote wrong code or wrong settings, before there is a page.
        "A bill's time needs its time zone.",
        "A file has 1 to {} payouts.",
        "A top-up, and nothing else, names its wallet.",
        "Money that moved is no less than zero.",
        "PostFinance needs both passphrases, SHA-IN and SHA-OUT.",
        "The line {} can't be negative.",
        "Two payouts have the same end-to-end id.",
        "{} is no id of up to {} plain characters.",
        # Of the payment log, which is kept in one language.
        "Done by {}.",
        "Printed by {}.",
        "the file is too large.",
        "there is no file.",
        "PayPal has no certificate at {}.",
        "The Stripe-Signature does not match the web-hook.",
        "The amount {} is not written as PostFinance does.",
        "The digest SHASIGN does not match the feedback.",
        "The feedback is longer than PostFinance ever writes.",
        "The web-hook has no Stripe-Signature with a time.",
        "The web-hook's signature is too old: it may be a replay.",
        "There is no bill {}.",
        "{} has no provider that could call {}.",
        "{} speaks of an attempt nobody made.",
        # Pages have a text of their own for it, field by field.
        "Complete your postal address first: {}.",
        # Put together from the parts of `COMPOSED`.
        "The provider {} {} {} for {} (reference {}). Look at the bill.",
        "There is no account of {}. Enter it first.",
        "{} {}. Try again in a few minutes.",
    }
)
COMPOSED = (
    "The provider reports a second payment of 45.00 EUR for 1-1 (reference 7). "
    "Look at the bill.",
    "The provider was asked for 1.00 and reports 45.00 EUR for 1-1 (reference 7). "
    "Look at the bill.",
    "The provider took back 45.00 EUR for 1-1 (reference 7). Look at the bill.",
    "The provider gave back more than came: 45.00 EUR for 1-1 (reference 7). "
    "Look at the bill.",
    "The provider took CHF back and returns 45.00 EUR for 1-1 (reference 7). "
    "Look at the bill.",
    "There is no account of the organizer Foxes. Enter it first.",
    "The account of the event for Run can't be used: The BIC X is none.",
)


def sentences(module: str) -> Iterator[str]:
    """What a module can say, with {} for values; logs and asserts say it to nobody."""
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as words):
                passed.add(words)
            case ast.Assert(msg=ast.expr() as words):
                passed |= set(ast.walk(words))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                passed |= set(ast.walk(node))
            case ast.JoinedStr():
                passed |= set(node.values)
    for node in ast.walk(tree):
        text = "" if node in passed else _text(node)
        if re.search(r"\w [\w(]", text) and text.endswith((".", "?", "!")):
            yield text


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "{}" for part in parts)
    return ""


@pytest.mark.parametrize("module", SHOWN)
def test_each_sentence_that_reaches_a_page_is_spoken_in_german(module: str) -> None:
    silent = [
        text
        for text in sentences(module)
        if text not in NOT_SHOWN
        and say(text.replace("{}", "7"), Language.DE) == text.replace("{}", "7")
    ]
    assert silent == []


def test_sentences_are_found_in_code_at_all() -> None:
    found = {text for module in SHOWN for text in sentences(module)}
    assert len(found) > 100
    # What nobody says any more is not to be kept here.
    assert not NOT_SHOWN - found


@pytest.mark.parametrize("sentence", COMPOSED)
def test_sentences_that_are_put_together_are_spoken_too(sentence: str) -> None:
    assert say(sentence, Language.DE) != sentence
    assert say(sentence, Language.EN) == sentence


def test_both_languages_have_the_same_values() -> None:
    for english, german in SPOKEN.items():
        assert set(PLACE.findall(english)) == set(PLACE.findall(german)), english


def test_values_are_written_as_the_language_does() -> None:
    said = say("The parts add up to 40.00, the credit is 45.00 EUR.", Language.DE)
    assert said == "Die Teile ergeben zusammen 40,00, die Gutschrift ist 45,00 EUR."
    assert say("This refund is done.", Language.DE).endswith(": Erledigt.")
    assert say("Ein Satz, den niemand kennt.", Language.DE).startswith("Ein Satz")
    inner = "No Swiss QR code can be made: The amount does not fit on a slip."
    assert say(inner, Language.DE).endswith("passt auf keinen Einzahlungsschein.")
