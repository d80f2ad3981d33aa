"""PayPal's Orders v2, as far as the hub uses it: from its reference, not from the hub.

Orders are approved by a test, as payers do on PayPal's own page.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.hub.payments.paypal_certificates import CERTIFICATES, signed

if TYPE_CHECKING:
    import httpx
    from starlette.requests import Request

API = "https://api-m.sandbox.paypal.com"
HOSTS = ("api-m.sandbox.paypal.com", "api.paypal.com")
CLIENT, SECRET, TOKEN = "fox", "paypal-s3cret", "A21-token"
FEE = "1.90"


@dataclass
class PayPal:
    """One app's orders at PayPal."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    captures: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_slow: bool = False
    is_down: bool = False
    captures_declined: bool = False
    fee_currency: str = ""
    """What it keeps its fee in; empty: in the payment's own."""
    refunds_status: str = "COMPLETED"
    """What a refund is as soon as it is asked for."""
    disputes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The disputes about each capture."""
    may_read_disputes: bool = True
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was answered to each PayPal-Request-Id."""
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        """Make the API."""
        order = "/v2/checkout/orders/{order}"
        return Starlette(
            routes=[
                Route("/v1/oauth2/token", self._token, methods=["POST"]),
                Route("/v2/checkout/orders", self._create, methods=["POST"]),
                Route(order, self._show),
                Route(f"{order}/capture", self._capture, methods=["POST"]),
                Route(
                    "/v2/payments/captures/{capture}/refund",
                    self._refund,
                    methods=["POST"],
                ),
                Route("/v2/payments/captures/{capture}", self._show_capture),
                Route("/v1/customer/disputes", self._show_disputes),
                Route("/v1/notifications/certs/CERT-1", self._certificate),
            ]
        )

    def approve(self, order: str) -> None:
        """Agree to pay, on PayPal's page."""
        assert self.orders[order]["status"] == "PAYER_ACTION_REQUIRED"
        self.orders[order]["status"] = "APPROVED"

    def refunds(self, order: str) -> list[dict[str, Any]]:
        """The refunds of an order, to be changed as PayPal's own site would."""
        payments = self.orders[order]["purchase_units"][0]["payments"]
        found: list[dict[str, Any]] = payments.setdefault("refunds", [])
        return found

    def event(self, kind: str, resource: object) -> bytes:
        """Write a web-hook's body."""
        about = {"id": "WH-1", "event_type": kind, "resource": resource}
        return json.dumps(about).encode()

    async def call_web_hook(
        self, portal: httpx.AsyncClient, body: bytes, **changed: str
    ) -> httpx.Response:
        """Call the hub, signed with our certificate's key."""
        headers = dict(signed(body, **changed).headers)
        return await portal.post("/paypal/web_hook", content=body, headers=headers)

    async def _ready(self, request: Request) -> Response | None:
        self.asked.append(f"{request.method} {request.url.path}")
        # Nobody tells when the hub has given up.
        while self.is_slow and not await request.is_disconnected():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if self.is_down:
            return JSONResponse({"name": "INTERNAL_SERVER_ERROR"}, 503)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "invalid_token"}, 401)
        return None

    async def _token(self, request: Request) -> Response:
        pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        good = request.headers.get("authorization") == f"Basic {pair}"
        if not good or await request.body() != b"grant_type=client_credentials":
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": TOKEN, "expires_in": 32400})

    async def _create(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        key = request.headers["paypal-request-id"]
        if key not in self.answers:
            said = await request.json()
            assert said["intent"] == "CAPTURE"
            (unit,) = said["purchase_units"]
            name = f"PP{len(self.orders) + 1}"
            page = f"https://www.sandbox.paypal.com/checkoutnow?token={name}"
            self.orders[name] = {
                "id": name,
                "status": "PAYER_ACTION_REQUIRED",
                "purchase_units": [unit],
                "links": [{"rel": "payer-action", "href": page}],
            }
            self.answers[key] = self.orders[name]
        return JSONResponse(self.answers[key])

    async def _show(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        order = self.orders.get(request.path_params["order"])
        if order is None:
            return JSONResponse({"name": "RESOURCE_NOT_FOUND"}, 404)
        return JSONResponse(order)

    async def _capture(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        order = self.orders[request.path_params["order"]]
        key = request.headers["paypal-request-id"]
        if key in self.answers:
            return JSONResponse(self.answers[key])
        if order["status"] != "APPROVED" or self.captures_declined:
            return JSONResponse({"name": "UNPROCESSABLE_ENTITY"}, 422)
        (unit,) = order["purchase_units"]
        amount = unit["amount"]
        currency = self.fee_currency or amount["currency_code"]
        fee = {"currency_code": currency, "value": FEE}
        capture = {
            "id": f"CAP-{order['id']}",
            "status": "COMPLETED",
            "amount": amount,
            "custom_id": unit["custom_id"],
            "seller_receivable_breakdown": {"paypal_fee": fee},
        }
        self.captures[capture["id"]] = capture
        unit["payments"] = {"captures": [capture]}
        order["status"] = "COMPLETED"
        self.answers[key] = order
        return JSONResponse(order, 201)

    async def _refund(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        key = request.headers["paypal-request-id"]
        if key in self.answers:
            return JSONResponse(self.answers[key])
        name = request.path_params["capture"].removeprefix("CAP-")
        given = (await request.json())["amount"]
        refund = {"id": f"REF-{len(self.answers)}", "status": self.refunds_status}
        self.refunds(name).append(refund | {"amount": given})
        self.answers[key] = refund
        return JSONResponse(refund, 201)

    async def _show_capture(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        capture = self.captures.get(request.path_params["capture"])
        if capture is None:
            return JSONResponse({"name": "RESOURCE_NOT_FOUND"}, 404)
        return JSONResponse(capture)

    async def _show_disputes(self, request: Request) -> Response:
        if (refused := await self._ready(request)) is not None:
            return refused
        if not self.may_read_disputes:
            return JSONResponse({"name": "NOT_AUTHORIZED"}, 403)
        about = request.query_params["disputed_transaction_id"]
        return JSONResponse({"items": self.disputes.get(about, []), "links": []})

    async def _certificate(self, _: Request) -> Response:
        return Response(CERTIFICATES, media_type="application/x-pem-file")
