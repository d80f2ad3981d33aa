"""PostFinance's payment page, as far as payers and the hub see it, from its guide.

It checks SHA-IN and signs feedback by an implementation of its own: digests are the
guide's (e-Commerce Advanced 5.4.4, chapters 6, 8 and 11), not the hub's.
"""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.counterparts.serving import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

PATH = "/ncol/test/orderstandard_utf8.asp"
STATUSES = {"pay": "9", "decline": "2", "cancel": "1", "uncertain": "92"}
_URLS = {
    "9": "ACCEPTURL",
    "2": "DECLINEURL",
    "1": "CANCELURL",
    "92": "EXCEPTIONURL",
}
# What the guide lists for SHA-OUT among what this page sends; LANG it does not.
_SIGNED = {
    *("ACCEPTANCE", "AMOUNT", "BRAND", "CARDNO", "CN", "CURRENCY", "ED", "IP"),
    *("NCERROR", "ORDERID", "PAYID", "PM", "STATUS", "TRXDATE"),
}


def digest(
    fields: Mapping[str, str], passphrase: str, algorithm: str, charset: str = "utf-8"
) -> str:
    """Sign as the guide says: sorted by name in capitals, empty values left out."""
    pairs = sorted((name.upper(), value) for name, value in fields.items() if value)
    text = "".join(f"{name}={value}{passphrase}" for name, value in pairs)
    return hashlib.new(algorithm, text.encode(charset)).hexdigest().upper()


@dataclass
class PaymentPage:
    """One shop's page; `paid_by` and so on say how the back office is set."""

    pass_in: str
    pass_out: str
    algorithm: str = "sha512"
    charset: str = "utf-8"
    post_sale_url: str = ""
    name_on_card: str = "Jörg Müller"
    orders: dict[str, dict[str, str]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    post_sales: list[int] = field(default_factory=list)
    """What the hub answered to each call of ours."""
    _pay_id: int = 32100122

    def app(self) -> Starlette:
        """Make the page."""
        return Starlette(
            routes=[
                Route(PATH, self._order, methods=["POST"]),
                Route("/decide", self._decide, methods=["POST"]),
                Route("/favicon.ico", lambda _: Response(status_code=204)),
            ]
        )

    def feedback(
        self, order: Mapping[str, str], status: str, pay_id: str = ""
    ) -> bytes:
        """Make the signed parameters that tell of an order, names in mixed case."""
        amount = int(order["AMOUNT"])
        fields = {
            "orderID": order["ORDERID"],
            "currency": order["CURRENCY"],
            "amount": f"{amount // 100}.{amount % 100:02d}".removesuffix(".00"),
            "PM": "CreditCard",
            "ACCEPTANCE": "test123" if status == "9" else "",
            "STATUS": status,
            "CARDNO": "XXXXXXXXXXXX1111",
            "ED": "1230",
            "CN": self.name_on_card,
            "TRXDATE": "05/04/26",
            "PAYID": pay_id or self._next_pay_id(),
            "NCERROR": "0" if status == "9" else "30001001",
            "BRAND": "VISA",
            "IP": "192.0.2.1",
        }
        assert {name.upper() for name in fields} <= _SIGNED
        signature = digest(fields, self.pass_out, self.algorithm, self.charset)
        fields |= {"lang": "de", "SHASIGN": signature}
        return urlencode(fields, encoding=self.charset).encode()

    def _next_pay_id(self) -> str:
        self._pay_id += 1
        return str(self._pay_id)

    async def _order(self, request: Request) -> Response:
        fields = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        claimed = fields.pop("SHASIGN", "")
        if claimed != digest(fields, self.pass_in, self.algorithm):
            return HTMLResponse("<h1>unknown order/1/s</h1>", 400)
        if fields["ORDERID"] in self.done:
            return HTMLResponse("<h1>This order was already processed.</h1>", 400)
        self.orders[fields["ORDERID"]] = fields
        buttons = "".join(
            f'<button name="decision" value="{each}">{each.title()}</button>'
            for each in STATUSES
        )
        order = html.escape(fields["ORDERID"])
        return HTMLResponse(
            "<!doctype html><html lang=en><title>Payment</title><h1>Payment page</h1>"
            f"<p id=amount>{fields['CURRENCY']} {fields['AMOUNT']}</p>"
            f"<p id=subject>{html.escape(fields.get('COM', ''))}</p>"
            '<form method="post" action="/decide">'
            f'<input type="hidden" name="order" value="{order}">{buttons}</form>'
        )

    async def _decide(self, request: Request) -> Response:
        said = dict(parse_qsl((await request.body()).decode()))
        order = self.orders[said["order"]]
        self.done.add(order["ORDERID"])
        status = STATUSES[said["decision"]]
        feedback = self.feedback(order, status)
        if self.post_sale_url:
            await self.call_post_sale(feedback)
        url = order[_URLS[status]]
        return RedirectResponse(f"{url}?{feedback.decode()}", 302)

    async def call_post_sale(self, feedback: bytes) -> None:
        """Call the hub as the back office does: a form, from server to server."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            answer = await client.post(
                self.post_sale_url,
                content=feedback,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            self.post_sales.append(answer.status_code)
