"""Keeps wristbands' codes out of every log: whoever reads one could open the wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.token import PORTAL_PATH

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

MASKED_PATH = f"{PORTAL_PATH}masked"
_KEY = "kassenband.code"


class CodeMask:
    """Takes the code out of a request's address before anybody can write it down.

    The address is changed in place: servers log what is in their own scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        if scope["type"] == "http" and scope["path"].startswith(PORTAL_PATH):
            scope[_KEY] = scope["path"].removeprefix(PORTAL_PATH)
            scope["path"] = MASKED_PATH
            scope["raw_path"] = MASKED_PATH.encode()
        await self._app(scope, receive, send)


def code_of(request: Request) -> str:
    """Return the code that an address had."""
    code: str = request.scope.get(_KEY, "")
    return code
