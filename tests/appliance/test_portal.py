"""A team leader pays on the portal of a real hub: account, team, bill, bank, ledger."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from contract.ids import TillId
from provisioning import demo_event
from provisioning.shop import Shop, ShopPlan, program
from tests.hub.payments.bank_files import Detail, Entry
from tests.hub.service.bank_desk import bank_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
HOME = {
    "name": "Ada Lovelace",
    "street": "Seeweg",
    "house_number": "4",
    "postal_code": "9400",
    "town": "Rorschach",
    "country": "CH",
}
PATIENCE_S = 120
FEE_MINOR = 4500 + 300
_CSRF = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')
_SEAL = re.compile(r'name="reviewed" value="([^"]+)"')


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    plan = ShopPlan(
        (TillId("bar-1"),),
        tse_latency_ms=10,
        guests=lambda _: demo_event.panel_guests(),
        people=True,
    )
    with Shop(tmp_path_factory.mktemp("shop"), plan) as opened:
        yield opened


class Leader:
    """Somebody with a browser."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.page = client.get("/")

    def open(self, path: str) -> str:
        self.page = self._client.get(path)
        assert self.page.status_code == 200, path
        return unescape(self.page.text)

    def send(self, path: str, values: Mapping[str, str]) -> str:
        found = _CSRF.search(self.page.text)
        assert found is not None, "the page has no form"
        data = {"csrf_token": found[1], **values}
        self.page = self._client.post(path, data=data)
        assert self.page.status_code == 200, (path, self.page.text)
        return unescape(self.page.text)


def test_from_an_account_to_a_paid_bill_in_the_ledger(shop: Shop) -> None:
    with httpx.Client(
        base_url=shop.portal_url,
        follow_redirects=True,
        headers={"accept-language": "en"},
        timeout=PATIENCE_S,
        trust_env=False,
    ) as client:
        ada = Leader(client)
        ada.open("/register")
        ada.send("/register", {"email": EMAIL, "name": HOME["name"]})
        link = mailed_link(shop)
        ada.open(link)
        ada.send(link, {"password": PASSWORD})
        ada.open("/address")
        ada.send("/address", HOME)
        ada.open("/teams/new?event=demo-run")
        team = {"name": "Red Foxes", "category": "Relay", "members": "Ada\nCharles"}
        ada.send("/teams/new?event=demo-run", team)
        assert "€48.00" in ada.open("/bills/unpaid")
        ada.open("/bills/new?event=demo-run")
        seal = _SEAL.search(ada.page.text)
        assert seal is not None
        ada.send("/bills", {"event": "demo-run", "club": "", "reviewed": seal[1]})
        reference = ada.page.url.path.rpartition("/")[2]
        for part in (3000, FEE_MINOR - 3000):
            said = import_credit(shop, reference, part)
            assert [row["disposition"] for row in said["rows"]] == ["booked"]
        said_again = import_credit(shop, reference, FEE_MINOR - 3000)
        assert [row["disposition"] for row in said_again["rows"]] != ["booked"]
        assert "All is paid" in ada.open(f"/bills/{reference}")
    report = hub_command(shop, "verify", "--json")
    assert report["ok"], report["findings"]


def mailed_link(shop: Shop) -> str:
    """Wait for the mail that a real mail server gets; the path of its link."""
    letters: list[Path] = []

    def arrived() -> bool:
        letters[:] = sorted(shop.mail.glob("*.txt"))
        return bool(letters)

    shop.hub.await_ready(arrived, timeout_s=PATIENCE_S)
    found = re.search(rf"{shop.portal_url}(/\S+)", letters[-1].read_text())
    assert found is not None, letters[-1].read_text()
    return found[1]


def import_credit(shop: Shop, reference: str, amount_minor: int) -> dict[str, Any]:
    """Have the bank report a transfer that names the bill."""
    euros = f"{amount_minor // 100}.{amount_minor % 100:02d}"
    entry = Entry(
        amount=euros,
        currency="EUR",
        ref=f"E-{amount_minor}",
        details=[
            Detail(amount=euros, currency="EUR", text=(f"Start fee {reference}",))
        ],
    )
    path = shop.directory / f"day-{amount_minor}.xml"
    path.write_bytes(bank_file(entry, message=f"M-{amount_minor}"))
    return hub_command(shop, "bank-import", "--json", str(path))


def hub_command(shop: Shop, *words: str) -> dict[str, Any]:
    """Run `kassenband-hub` as an operator; its last line."""
    done = subprocess.run(
        [*program("hub"), *words, "--config", str(shop.directory / "hub.toml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.stdout.strip(), done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
