"""Product lists over HTTPS: fetched with the till's certificate, or explained."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from edge.core.errors import CatalogueUnavailable
from edge.link.catalogue import HttpsCatalogues
from edge.link.tls import TillCertificate
from provisioning.ca import EventCa
from tests.contract.samples import EVENT
from tests.edge.parts import BAR, CATALOGUE_BYTES, CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

NOISE = "/noise"


class Shop(http.server.BaseHTTPRequestHandler):
    """An edge listener with one catalogue."""

    def do_GET(self) -> None:
        if self.path == NOISE:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            return
        known = self.path == CONFIG.catalogue.path
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(CATALOGUE_BYTES) if known else 0))
        self.end_headers()
        if known:
            self.wfile.write(CATALOGUE_BYTES)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> EventCa:
    return EventCa.create(tmp_path_factory.mktemp("ca"), EVENT)


@pytest.fixture
def port(ca: EventCa) -> Iterator[int]:
    leaf = ca.issue_server("edge", ["127.0.0.1"])
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=str(ca.certificate)
    )
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(leaf.certificate, leaf.key)
    server = http.server.HTTPServer(("127.0.0.1", 0), Shop)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def source(ca: EventCa, port: int) -> HttpsCatalogues:
    leaf = ca.issue_client(BAR)
    certificate = TillCertificate(ca.certificate, leaf.certificate, leaf.key)
    return HttpsCatalogues(f"https://127.0.0.1:{port}", certificate)


async def test_it_is_fetched_with_the_tills_certificate(ca: EventCa, port: int) -> None:
    assert await source(ca, port).fetch(CONFIG.catalogue) == CATALOGUE_BYTES


async def test_a_version_that_is_not_there_is_named(ca: EventCa, port: int) -> None:
    other = type(CONFIG.catalogue)(version=4, digest="0" * 64, path="/c/4")
    with pytest.raises(CatalogueUnavailable, match="no product list under /c/4"):
        await source(ca, port).fetch(other)


async def test_who_does_not_speak_http_is_no_edge_listener(
    ca: EventCa, port: int
) -> None:
    other = type(CONFIG.catalogue)(version=4, digest="0" * 64, path=NOISE)
    with pytest.raises(CatalogueUnavailable, match=r"edge listener .* hub\.edge_url"):
        await source(ca, port).fetch(other)


async def test_a_hub_of_another_event_is_not_trusted(
    ca: EventCa, port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = EventCa.create(tmp_path_factory.mktemp("other"), "elsewhere")
    with pytest.raises(CatalogueUnavailable, match="not of this event's CA"):
        await source(other, port).fetch(CONFIG.catalogue)


async def test_a_port_where_nothing_listens_is_named(ca: EventCa) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CatalogueUnavailable, match="Nothing listens"):
            await source(ca, taken.getsockname()[1]).fetch(CONFIG.catalogue)
