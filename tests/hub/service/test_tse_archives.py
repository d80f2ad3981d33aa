"""TSE archives over the real edge listener: TLS, pieces, checks, and refusals."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import http.client
import io
import json
import socket
import tarfile
from collections import Counter
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import pytest

from contract.archives import ArchiveState
from contract.ids import EventId, TillId, new_order_id, new_uuid7
from contract.messages import TillDescribed, TseFacts
from contract.order import OrderKind
from edge.assembly import archive_tse
from edge.core.errors import ArchiveTrouble
from edge.core.records import FiscalBegun, FiscalStart, OrderOpened
from edge.core.settings import Settings, load_settings
from edge.devices.tse_archives import ArchiveFiles
from edge.journal.journal import SqliteJournal
from edge.link import delivery
from edge.link.delivery import EdgeDelivery
from edge.link.tls import TillCertificate
from hub.assembly import _serve_web
from hub.service import tse_archives
from hub.service.tse_archives import ArchiveRefused, Piece, TseArchives
from hub.web.edge import edge_app
from hub.web.sources import Health
from provisioning.ca import EventCa
from tests.hub import samples
from tests.hub.service.test_tse_news import AT, DEVICE
from tse_driver.session import Session
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.server import PtyServer
from tse_driver.simulator.wires import Direct, VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.hub.hubs import Parts

EVENT = samples.EVENT.slug
BAR = samples.TILL
BEER = "Beleg^4.00_0.00_0.00_0.00_0.00^4.00:Bar"


@cache
def exported(number: int = 1) -> tuple[bytes, TseFacts]:
    """A TSE's log with three orders in it, and what the TSE is."""
    del number
    session = Session(Direct(FaultyTse(SimulatedTse()), VirtualClock()), BAR)
    info = session.setup("demo")
    for _ in range(3):
        session.finish(session.start().transaction_number, "Kassenbeleg-V1", BEER)
    facts = TseFacts(
        serial=info.serial,
        public_key=info.public_key,
        algorithm=info.algorithm,
        time_format=str(info.time_format),
        expires=info.certificate_expiry,
        signatures_left=info.signatures_left,
    )
    return b"".join(session.export_all()), facts


async def describe(parts: Parts, facts: TseFacts, till: TillId = BAR) -> None:
    said = TillDescribed(id=new_uuid7(), device=DEVICE, tse=facts, since=AT, z_number=1)
    await parts.tse_news.described(said, till)


class Nothing:
    """The rest of the edge listener."""

    async def health(self) -> Health:
        return Health(ok=True, role="writer")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> EventCa:
    return EventCa.create(tmp_path_factory.mktemp("ca"), EVENT)


@pytest.fixture
def archives(parts: Parts, tmp_path: Path) -> TseArchives:
    return TseArchives(parts.store, parts.context, tmp_path / "kept")


@contextlib.asynccontextmanager
async def listening(archives: TseArchives, ca: EventCa) -> AsyncIterator[int]:
    leaf = ca.issue_server("edge", ["127.0.0.1"])
    app = edge_app(Nothing(), Nothing(), Nothing(), archives)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tls = (leaf.certificate, leaf.key, ca.certificate)
        serving = asyncio.create_task(_serve_web(app, listener, tls))
        try:
            yield listener.getsockname()[1]
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def client(ca: EventCa, port: int, name: str = BAR, event: str = EVENT) -> EdgeDelivery:
    leaf = ca.issue_client(name)
    certificate = TillCertificate(ca.certificate, leaf.certificate, leaf.key)
    return EdgeDelivery(
        f"https://127.0.0.1:{port}", certificate, EventId(event), lambda _: None
    )


async def deliver(till: EdgeDelivery, path: Path, archive: object = None) -> None:
    await asyncio.to_thread(till.deliver, path, archive or uuid4())  # type: ignore[arg-type]


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    path = tmp_path / "export.tar"
    path.write_bytes(exported()[0])
    return path


async def test_an_archive_is_delivered_checked_and_kept(
    parts: Parts,
    archives: TseArchives,
    ca: EventCa,
    tar: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "PIECE_BYTES", 4096)
    data, facts = exported()
    await describe(parts, facts)
    async with listening(archives, ca) as port:
        await deliver(client(ca, port), tar)
        await deliver(client(ca, port), tar)  # the same bytes under another id
    (kept,) = await parts.store.fetch("tse_archives", parts.context.current.number)
    assert (kept["till"], kept["tse_serial"]) == (BAR, facts.serial)
    assert bytes(kept["digest"]) == hashlib.sha256(data).digest()
    assert kept["size_bytes"] == len(data)
    assert (archives.folder / kept["path"]).read_bytes() == data
    assert '"finished":3' in kept["report"].replace(" ", "")
    assert f'"clients":["{BAR}"]' in kept["report"].replace(" ", "")
    event = parts.context.current.number
    (logs,) = await parts.store.fetch("tse_archive_logs", event, facts.serial)
    log = msgspec.json.decode(logs["log"], type=list[tuple[int, int, str]])
    counts: Counter[str] = Counter()
    for first, last, what in log:
        counts[what] += last - first + 1
    assert counts["transaction"] == 6, "begin and end of three"
    assert counts["updateTime"] >= 1
    assert len(log) < sum(counts.values()), "what follows is one span"


async def test_a_broken_delivery_goes_on_where_it_broke(
    parts: Parts, archives: TseArchives
) -> None:
    data, facts = exported()
    await describe(parts, facts)
    archive, digest = uuid4(), hashlib.sha256(data).digest()

    def piece(first: int, last: int) -> Piece:
        return Piece(first, data[first:last], len(data), digest)

    said = await archives.take(EVENT, BAR, archive, piece(0, 1000))
    assert (said.state, said.offset) == (ArchiveState.RECEIVING, 1000)
    said = await archives.take(EVENT, BAR, archive, piece(0, 1000))  # again
    assert said.offset == 1000
    said = await archives.take(EVENT, BAR, archive, piece(2000, 3000))  # a gap
    assert said.offset == 1000
    # The hub starts anew in between.
    again = TseArchives(parts.store, parts.context, archives.folder)
    said = await again.progress(EVENT, BAR, archive)
    assert 0 < said.offset <= 1000
    said = await again.take(EVENT, BAR, archive, piece(said.offset, len(data)))
    assert said.state is ArchiveState.CHECKING
    await again.settled()
    assert (await again.progress(EVENT, BAR, archive)).state is ArchiveState.RECORDED
    begun = uuid4()
    await again.take(EVENT, BAR, begun, Piece(0, b"x", 100, bytes(32)))
    with pytest.raises(ArchiveRefused, match="another size or digest"):
        await again.take(EVENT, BAR, begun, Piece(1, b"x", 200, bytes(32)))


async def test_an_archive_of_a_tse_nobody_told_of_is_refused(
    archives: TseArchives, ca: EventCa, tar: Path
) -> None:
    async with listening(archives, ca) as port:
        with pytest.raises(ArchiveTrouble, match="never told that it uses TSE"):
            await deliver(client(ca, port), tar)
    assert list(archives.folder.rglob("*.tar")) == []
    assert list(archives.folder.rglob("*.part")) == []


async def test_who_is_no_till_of_this_event_is_refused(
    archives: TseArchives, ca: EventCa, tar: Path, tmp_path: Path
) -> None:
    other = EventCa.create(tmp_path / "other", "other")
    async with listening(archives, ca) as port:
        with pytest.raises(ArchiveTrouble, match="bar-99, which is no till"):
            await deliver(client(ca, port, "bar-99"), tar)
        with pytest.raises(ArchiveTrouble, match="serves the event summer, not winter"):
            await deliver(client(ca, port, event="winter"), tar)
        stranger = client(other, port)
        trusting = TillCertificate(
            ca.certificate, stranger.certificate.certificate, stranger.certificate.key
        )
        with pytest.raises(ArchiveTrouble):
            await deliver(
                EdgeDelivery(stranger.url, trusting, EVENT, lambda _: None), tar
            )
    assert list(archives.folder.rglob("*.*")) == []


async def test_a_till_named_like_the_folder_above_writes_nothing(
    parts: Parts, tmp_path: Path
) -> None:
    up, current = TillId(".."), parts.context.current
    known = {**current.agreed.tills, up: current.agreed.tills[BAR]}
    agreed = dataclasses.replace(current.agreed, tills=known)
    odd = SimpleNamespace(current=dataclasses.replace(current, agreed=agreed))
    archives = TseArchives(parts.store, odd, tmp_path / "kept")  # type: ignore[arg-type]
    piece = Piece(0, b"x", 100, bytes(32))
    with pytest.raises(ArchiveRefused, match=r"'\.\.' is no till's id"):
        await archives.take(EVENT, up, uuid4(), piece)
    assert list(archives.folder.parent.rglob("*")) == []


async def test_an_event_named_like_the_folder_above_writes_nothing(
    parts: Parts, tmp_path: Path
) -> None:
    current = parts.context.current
    agreed = dataclasses.replace(current.agreed, event=EventId(".."))
    odd = SimpleNamespace(current=dataclasses.replace(current, agreed=agreed))
    archives = TseArchives(parts.store, odd, tmp_path / "kept")  # type: ignore[arg-type]
    piece = Piece(0, b"x", 100, bytes(32))
    with pytest.raises(ArchiveRefused, match=r"'\.\.' is no event's name"):
        await archives.take("..", BAR, uuid4(), piece)
    assert list(archives.folder.parent.rglob("*")) == []


def changed(data: bytes) -> bytes:
    at = data.index(b"Beleg^4.00")
    return data[: at + 6] + b"9" + data[at + 7 :]


def hostile() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("../../../etc/cron.d/mine")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (lambda: changed(exported()[0]), "could be verified"),
        (lambda: exported()[0][:5000], "it breaks off"),
        (hostile, "could be verified"),
        (lambda: b"no archive at all" * 100, "no whole TAR"),
    ],
    ids=["forged", "truncated", "hostile", "rubbish"],
)
async def test_what_is_no_genuine_archive_is_refused_in_a_sentence(
    parts: Parts, archives: TseArchives, data: object, why: str
) -> None:
    await describe(parts, exported()[1])
    said, archive = data(), uuid4()  # type: ignore[operator]
    whole = Piece(0, said, len(said), hashlib.sha256(said).digest())
    await archives.take(EVENT, BAR, archive, whole)
    await archives.settled()
    progress = await archives.progress(EVENT, BAR, archive)
    assert progress.state is ArchiveState.REFUSED
    assert list(archives.folder.rglob("*.tar")) == []
    assert why in progress.text


async def test_what_could_fill_the_disk_is_refused(
    archives: TseArchives, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = Piece(0, b"x", tse_archives.ARCHIVE_BYTES_MAX + 1, bytes(32))
    with pytest.raises(ArchiveRefused, match="more than any TSE holds"):
        await archives.take(EVENT, BAR, uuid4(), huge)
    for _ in range(2 * tse_archives.PARTS_MAX):
        await archives.take(EVENT, BAR, uuid4(), Piece(0, b"x", 10, bytes(32)))
    parts = list(archives.folder.rglob("*.part"))
    assert len(parts) == tse_archives.PARTS_MAX
    monkeypatch.setattr(tse_archives, "FREE_BYTES_MIN", 2**60)
    with pytest.raises(ArchiveRefused, match="no room"):
        await archives.take(EVENT, BAR, uuid4(), Piece(0, b"x", 10, bytes(32)))


async def test_what_is_begun_and_never_ended_is_forgotten(
    parts: Parts, archives: TseArchives, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, facts = exported()
    await describe(parts, facts)
    waiting = uuid4()
    digest = hashlib.sha256(data).digest()
    await archives.take(EVENT, BAR, waiting, Piece(0, data[:1000], len(data), digest))
    for _ in range(5 * tse_archives.PARTS_MAX):
        await archives.take(EVENT, BAR, uuid4(), Piece(0, b"x", 10, bytes(32)))
        assert archives.known <= tse_archives.PARTS_MAX

    # Whoever has to wait for a check is not forgotten for good.
    monkeypatch.setattr(tse_archives, "CHECKS_MAX", 0)
    whole = Piece(0, data, len(data), digest)
    with pytest.raises(ArchiveRefused, match="Try later"):
        await archives.take(EVENT, BAR, waiting, whole)
    monkeypatch.undo()
    said = await archives.progress(EVENT, BAR, waiting)
    assert (said.state, said.offset) == (ArchiveState.RECEIVING, len(data) - 1)
    last = Piece(said.offset, data[said.offset :], len(data), digest)
    await archives.take(EVENT, BAR, waiting, last)
    await archives.settled()
    said = await archives.progress(EVENT, BAR, waiting)
    assert said.state is ArchiveState.RECORDED


async def test_malformed_pieces_are_answered_in_a_sentence(
    archives: TseArchives, ca: EventCa
) -> None:
    async with listening(archives, ca) as port:
        till = client(ca, port)

        def put(headers: dict[str, str], body: bytes = b"x") -> tuple[int, bytes]:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", port, context=till.certificate.context()
            )
            path = f"/edge/{EVENT}/tse-archives/{uuid4()}"
            with contextlib.closing(connection):
                connection.request("PUT", path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()

        digest = "sha-256=:" + "A" * 43 + "=:"
        for headers, status in (
            ({}, 400),
            ({"Content-Range": "bytes 0-0/1"}, 400),
            ({"Content-Range": "bytes 5-0/9", "Repr-Digest": digest}, 416),
            ({"Content-Range": "bytes 0-9999999/99999999", "Repr-Digest": digest}, 416),
            ({"Content-Range": "bytes 0-5/9", "Repr-Digest": digest}, 400),
        ):
            code, said = await asyncio.to_thread(put, headers)
            assert (code, b"error" in said) == (status, True), said


async def begin_order(settings: Settings, serial: str, number: int) -> None:
    """Have a till's journal know of an order that was begun at a TSE."""
    journal = await SqliteJournal.open(
        settings.journal.directory,
        till=settings.till_id,
        event=settings.event,
        require_disk=False,
    )
    order = new_order_id()
    opened = OrderOpened(order, 1, 1, OrderKind.SALE, AT, b"{}")
    await journal.commit(
        (opened, FiscalBegun(order, FiscalStart(number, 1, AT, serial)))
    )
    await journal.close()


def settings_of(ca: EventCa, port: int, folder: Path) -> Settings:
    """What a till's configuration in a folder says."""
    leaf = ca.issue_client(BAR)
    sections = {
        "till": {"id": BAR, "event": str(EVENT)},
        "hub": {
            "broker_host": "nowhere",
            "edge_url": f"https://127.0.0.1:{port}",
            "ca": str(ca.certificate),
            "certificate": str(leaf.certificate),
            "key": str(leaf.key),
        },
        "tse": {"port": str(folder / "kb-tse"), "clock": "trusted"},
    }
    text = ""
    for name, keys in sections.items():
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        text += "\n".join((f"[{name}]", *lines, ""))
    text += "\n[journal]\nrequire_disk = false\n"
    return load_settings(text, {}, source=folder / "till.toml").settings


@pytest.mark.parametrize("number", [3, 4], ids=["all of it", "not the last"])
async def test_an_export_in_a_file_quiets_the_till_as_far_as_it_gets(
    parts: Parts,
    archives: TseArchives,
    ca: EventCa,
    tar: Path,
    tmp_path: Path,
    number: int,
) -> None:
    serial = exported()[1].serial
    await describe(parts, exported()[1])
    async with listening(archives, ca) as port:
        settings = settings_of(ca, port, tmp_path)
        await archive_tse(settings, tar)  # no journal asks for it
        await begin_order(settings, serial, number)
        assert await archive_tse(settings, tar) == tar
        folder = settings.journal.directory / "tse-archives"
        reach = await ArchiveFiles(folder, client(ca, port)).reach(serial)
    assert reach == 3, "what the file has: the till asks only for what is after it"


async def test_a_whole_log_is_delivered_by_command(
    parts: Parts, archives: TseArchives, ca: EventCa, tmp_path: Path
) -> None:
    device = FaultyTse(SimulatedTse())
    info = Session(Direct(device, VirtualClock()), BAR).setup("demo")
    await describe(
        parts,
        msgspec.structs.replace(
            exported()[1], serial=info.serial, public_key=info.public_key
        ),
    )
    server = PtyServer(device, tmp_path / "kb-tse").start()
    try:
        async with listening(archives, ca) as port:
            settings = settings_of(ca, port, tmp_path)
            await begin_order(settings, info.serial, 7)
            kept = await archive_tse(settings, None)
            with pytest.raises(ArchiveTrouble, match="can't be read"):
                await archive_tse(settings, tmp_path / "none.tar")
    finally:
        server.close()
    assert not kept.exists()  # the hub has it
    files = ArchiveFiles(kept.parent, client(ca, port))
    assert await files.reach(info.serial) == 7, "the till asks for it no more"
    (found,) = await parts.store.fetch("tse_archives", parts.context.current.number)
    report = msgspec.json.decode(found["report"])
    assert report["valid"]
    assert report["messages"] > report["finished"] == 0  # system messages, too
