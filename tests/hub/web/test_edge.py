from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.catalogue import decode_catalogue, digest, encode_catalogue
from hub.web.edge import edge_app
from hub.web.sources import Unavailable
from tests.contract.samples import CATALOGUE
from tests.hub.web.serving import Answer, Catalogues, Healths, Site, Wallets, served

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = encode_catalogue(CATALOGUE)
ETAG = f'"{digest(DATA)}"'
RESTARTING, BROKEN = 8, 9


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    catalogues = Catalogues(
        {
            CATALOGUE.version: DATA,
            RESTARTING: Unavailable("secret detail"),
            BROKEN: RuntimeError("secret detail"),
        }
    )
    with served(edge_app(catalogues, Wallets(), Healths())) as running:
        yield running


def sentence(answer: Answer) -> str:
    assert answer.headers.get_content_type() == "application/json"
    assert "Content-Security-Policy" in answer.headers
    return str(msgspec.json.decode(answer.body)["error"])


def test_a_till_gets_the_catalogue_s_very_bytes(site: Site) -> None:
    answer = site.get("/edge/catalogue/3")
    assert answer.status == 200
    assert answer.body == DATA
    assert decode_catalogue(answer.body) == CATALOGUE
    assert answer.headers.get_content_type() == "application/json"
    assert answer.headers["ETag"] == ETAG
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
def test_what_a_till_has_is_not_sent_again(site: Site, known: str) -> None:
    answer = site.get("/edge/catalogue/3", {"If-None-Match": known})
    assert answer.status == 304
    assert answer.body == b""
    assert answer.headers["ETag"] == ETAG


def test_what_a_till_has_wrong_is_sent(site: Site) -> None:
    answer = site.get("/edge/catalogue/3", {"If-None-Match": '"other"'})
    assert answer.status == 200
    assert answer.body == DATA


def test_an_unknown_version_is_named(site: Site) -> None:
    answer = site.get("/edge/catalogue/4")
    assert answer.status == 404
    assert "no catalogue version 4" in sentence(answer)


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", str(2**60)])
def test_a_version_is_a_whole_number(site: Site, version: str) -> None:
    answer = site.get(f"/edge/catalogue/{version}")
    assert answer.status == 422
    assert "whole number" in sentence(answer)


def test_a_restarting_hub_asks_for_patience(site: Site) -> None:
    answer = site.get(f"/edge/catalogue/{RESTARTING}")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert "secret" not in sentence(answer)


def test_a_mistake_points_to_the_log(site: Site) -> None:
    answer = site.get(f"/edge/catalogue/{BROKEN}")
    assert answer.status == 500
    assert sentence(answer) == "The hub made a mistake. Its log says which."


def test_a_till_gets_all_wallets_packed(site: Site) -> None:
    answer = site.get("/edge/wallets", {"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == Wallets.DATA
    assert "no-cache" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_whoever_can_t_unpack_gets_them_plain(site: Site) -> None:
    answer = site.get("/edge/wallets", {"Accept-Encoding": "identity"})
    assert answer.body == Wallets.DATA
    assert answer.headers["Content-Encoding"] is None


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_wallets_a_till_has_are_not_sent_again(site: Site, coding: str) -> None:
    etag = site.get("/edge/wallets", {"Accept-Encoding": coding}).headers["ETag"]
    known = {"Accept-Encoding": coding, "If-None-Match": etag}
    answer = site.get("/edge/wallets", known)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == etag


def test_guests_pages_are_not_here(site: Site) -> None:
    for path in ("/", "/receipts/x", "/docs", "/openapi.json"):
        assert site.get(path).status == 404


def test_health_is_told(site: Site) -> None:
    answer = site.get("/healthz")
    assert answer.status == 200
    assert msgspec.json.decode(answer.body)["role"] == "writer"
