"""Stripe: localstripe in a process of its own, and in front of it Checkout Sessions.

localstripe has customers, cards, payment intents, charges, refunds and signed web-hooks
but no Checkout Sessions: those, and the expansion of what a charge has not got, are
added here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from provisioning.processes import free_port
from tests.counterparts.serving import PATIENCE_S, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request

HOST = "api.stripe.com"
KEY = "sk_test_12345"
WEB_HOOK_SECRET = "whsec_localstripe"
_CARD = {
    "type": "card",
    "card[number]": "4242424242424242",
    "card[exp_month]": "12",
    "card[exp_year]": "2030",
    "card[cvc]": "123",
}


@dataclass
class Stripe:
    """An account: its sessions here, its money at localstripe."""

    behind: httpx.AsyncClient
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Make the API."""
        sessions = "/v1/checkout/sessions"
        return Starlette(
            routes=[
                Route(sessions, self._create, methods=["POST"]),
                Route(f"{sessions}/{{session}}", self._show),
                Route("/v1/payment_intents/{intent}", self._intent),
                Route("/v1/refunds", self._refund, methods=["POST"]),
            ]
        )

    async def pay(self, session: str) -> str:
        """Pay on the hosted page; the name of the payment intent."""
        form = self.forms[session]
        item = "line_items[0][price_data]"
        card = await self._asked("/v1/payment_methods", _CARD)
        customer = await self._asked("/v1/customers", {"name": "Jörg Müller"})
        await self._asked(
            f"/v1/payment_methods/{card['id']}/attach", {"customer": customer["id"]}
        )
        order = form["payment_intent_data[metadata][order_id]"]
        intent = await self._asked(
            "/v1/payment_intents",
            {
                "amount": form[f"{item}[unit_amount]"],
                "currency": form[f"{item}[currency]"],
                "customer": customer["id"],
                "payment_method": card["id"],
                "metadata[order_id]": order,
                "confirm": "true",
            },
        )
        name = str(intent["id"])
        self.sessions[session] |= {
            "status": "complete",
            "payment_status": "paid",
            "payment_intent": name,
        }
        return name

    async def register_web_hook(self, url: str) -> None:
        """Have localstripe call the hub, signed with the secret."""
        await self._asked(
            "/_config/webhooks/hub", {"url": url, "secret": WEB_HOOK_SECRET}
        )

    async def _asked(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        answer = await self.behind.post(path, data=form)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def _create(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "Invalid API key"}}, 401)
        key = request.headers["idempotency-key"]
        form = dict(parse_qsl((await request.body()).decode()))
        if key in self.keys and self.forms[self.keys[key]] != form:
            words = "Keys can only be used with the same parameters as first."
            return JSONResponse({"error": {"message": words}}, 400)
        if key not in self.keys:
            assert form["mode"] == "payment"
            name = f"cs_test_{len(self.sessions) + 1}"
            self.keys[key], self.forms[name] = name, form
            self.sessions[name] = {
                "id": name,
                "object": "checkout.session",
                "url": f"https://checkout.stripe.com/c/pay/{name}",
                "client_reference_id": form["client_reference_id"],
                "status": "open",
                "payment_status": "unpaid",
                "payment_intent": None,
            }
        return JSONResponse(self.sessions[self.keys[key]])

    async def _show(self, request: Request) -> Response:
        found = self.sessions.get(request.path_params["session"])
        if found is None:
            return JSONResponse({"error": {"message": "No such session"}}, 404)
        return JSONResponse(found)

    async def _intent(self, request: Request) -> Response:
        """Expand here what localstripe does not: it has the charge and its refunds."""
        name = request.path_params["intent"]
        answer = await self.behind.get(f"/v1/payment_intents/{name}")
        if answer.status_code != 200:
            return Response(answer.content, answer.status_code)
        intent = answer.json()
        charge = intent["latest_charge"]
        if isinstance(charge, str):
            charge = (await self.behind.get(f"/v1/charges/{charge}")).json()
        path = f"/v1/balance/history/{charge['balance_transaction']}"
        balance = (await self.behind.get(path)).json()
        intent["amount_received"] = charge["amount"] if charge["paid"] else 0
        intent["latest_charge"] = charge | {
            "balance_transaction": balance,
            "dispute": None,
        }
        return JSONResponse(intent)

    async def _refund(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        if key in self.keys:
            return JSONResponse(
                (await self.behind.get(f"/v1/refunds/{self.keys[key]}")).json()
            )
        answer = await self.behind.post(
            "/v1/refunds",
            content=await request.body(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        if answer.status_code == 200:
            self.keys[key] = answer.json()["id"]
        return Response(answer.content, answer.status_code)


@asynccontextmanager
async def running_stripe(folder: Path) -> AsyncIterator[tuple[Stripe, str]]:
    """Run localstripe and what stands in front of it; its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "localstripe", "--from-scratch", "--port", str(port)),
        cwd=folder,
        env=os.environ | {"HOME": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers=headers,
            timeout=PATIENCE_S,
            trust_env=False,
        ) as behind:
            await _answers(behind, process)
            stripe = Stripe(behind)
            async with running(stripe.app()) as url:
                yield stripe, url
    finally:
        process.kill()
        await process.wait()


async def _answers(
    client: httpx.AsyncClient, process: asyncio.subprocess.Process
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            assert process.returncode is None, "localstripe did not start"
            try:
                await client.get("/v1/customers")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
