"""Reads a till's configuration and puts it together; alone names concrete devices."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from edge.core.clock import UNCONFIRMED, warrant
from edge.core.errors import ArchiveTrouble, JournalBroken
from edge.core.settings import SettingsWrong, load_settings
from edge.core.state import Identity
from edge.devices import system_clock
from edge.devices.board import describe
from edge.devices.nfc_reader import NfcReader
from edge.devices.receipt_printer import ReceiptPrinter
from edge.devices.tse import SerialTse
from edge.devices.tse_archives import ArchiveFiles, gather_whole
from edge.devices.tse_line import Conditions
from edge.journal import reading
from edge.journal.journal import SqliteJournal
from edge.link.catalogue import HttpsCatalogues
from edge.link.delivery import EdgeDelivery
from edge.link.mqtt import Broker, MqttLink
from edge.link.tls import TillCertificate
from edge.till import Ports, Post, SystemClock, Till
from tse_driver.errors import AT_SHELL, TseError
from tse_driver.port import Port
from tse_driver.results import Pins

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from edge.core.settings import Loaded, Settings
    from edge.ports import CardTerminal

CANCEL_AGAIN_S = 3
ARCHIVES = "tse-archives"  # beside the journal
LOG_BYTES_MAX = 5_000_000
LOG_FILES = 3


@dataclass(slots=True)
class Assembly:
    """A whole till; `async with` runs it, and `failed` ends when it can't go on."""

    till: Till
    journal: SqliteJournal
    link: MqttLink
    reader: NfcReader
    fiscal: SerialTse
    archives: ArchiveFiles
    printer: ReceiptPrinter | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self.till.run(), name="till"),
            asyncio.create_task(self.link.run(), name="link"),
        ]
        self.reader.start()
        if self.printer is not None:
            self.printer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reader.stop()
        if self.printer is not None:
            await asyncio.to_thread(self.printer.stop)
        await _end(self._tasks)
        await self.fiscal.close()
        await self.journal.close()

    async def failed(self) -> None:
        """Return never, or raise what ended the till."""
        await asyncio.gather(*self._tasks)


def read_settings(path: Path) -> Loaded:
    """Read a till's configuration file; raises SettingsWrong saying what to do."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingsWrong(
            f"The configuration {path} can't be read ({why})."
            " Name another one with --config."
        ) from error
    return load_settings(text, os.environ, source=path)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended; a library may lose one cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def assemble(
    settings: Settings, terminal: CardTerminal | None = None
) -> Assembly:
    """Put a till together; raises KassenbandError with a sentence for a person."""
    device = describe(settings.device, settings.till_id, _version())
    me = Identity(
        settings.till_id, settings.event, device=device, prints=settings.prints
    )
    hub = settings.hub
    certificate = TillCertificate(hub.ca, hub.certificate, hub.key)
    certificate.context()  # a missing file is best known at once
    journal = await SqliteJournal.open(
        settings.journal.directory,
        till=me.till,
        event=me.event,
        require_disk=settings.journal.require_disk,
    )
    post = Post()
    link = MqttLink(
        broker=Broker(hub.broker_host, hub.broker_port),
        certificate=certificate,
        till=me.till,
        event=me.event,
        post=post,
    )
    fiscal = SerialTse(
        port=str(settings.tse.port),
        client=me.till,
        post=post,
        conditions=await _conditions(settings, journal),
    )
    reader = NfcReader(name_prefix=settings.reader.name_prefix, post=post)
    catalogues = HttpsCatalogues(hub.edge_url, certificate)
    printer = ReceiptPrinter(settings.printer, post) if settings.prints else None
    archives = ArchiveFiles(
        _archives(settings),
        EdgeDelivery(hub.edge_url, certificate, me.event),
    )
    ports = Ports(
        journal, link, fiscal, catalogues, SystemClock(), terminal, printer, archives
    )
    till = Till(me, ports, software=_version())
    post.to = till.post
    return Assembly(till, journal, link, reader, fiscal, archives, printer)


def log_to_file(settings: Settings) -> None:
    """Have a process tell its log to the till's file; raises SettingsWrong."""
    file = settings.log.file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            file, maxBytes=LOG_BYTES_MAX, backupCount=LOG_FILES
        )
    except OSError as error:
        raise SettingsWrong(
            f"The log {file} can't be written ({error.strerror})."
            " Correct its owner, or name another one (log.file)."
        ) from error
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(
        handlers=[handler], level=settings.log.level, format=form, force=True
    )


async def archive_tse(settings: Settings, file: Path | None) -> Path:
    """Deliver a TSE's whole log to the hub, or the export in a file; the till is off.

    Raises KassenbandError with a sentence for a person.
    """
    me, hub, where = settings.till_id, settings.hub, settings.journal
    certificate = TillCertificate(hub.ca, hub.certificate, hub.key)
    delivery = EdgeDelivery(hub.edge_url, certificate, settings.event)
    if file is not None:
        await asyncio.to_thread(delivery.deliver, file, uuid4())
        with contextlib.suppress(JournalBroken):  # nothing there asks for it
            spans = await asyncio.to_thread(reading.fiscal_spans, where.directory)
            files = ArchiveFiles(_archives(settings), delivery)
            await files.note_export(file, spans)
        return file
    # It holds the journal, for a running till would need the TSE.
    journal = await SqliteJournal.open(
        where.directory, till=me, event=settings.event, require_disk=where.require_disk
    )
    try:
        conditions, folder = await _conditions(settings, journal), _archives(settings)
        refusal = conditions.vouch(False, None)  # noqa: FBT003 - a Vouch
        if refusal is not None:  # opening it may set its time
            raise ArchiveTrouble(refusal)
        wire = await asyncio.to_thread(_line, settings.tse.port)
        found = await gather_whole(wire, me, conditions.pins, folder)
        serial, files = found.stem.partition("_")[0], ArchiveFiles(folder, delivery)
        spans = await journal.fiscal_spans()
        if serial in spans:
            await files.note_whole(serial, spans[serial][1])
        await files.deliver()
    finally:
        await journal.close()
    return found


def _archives(settings: Settings) -> Path:
    return settings.journal.directory / ARCHIVES


def _line(port: Path) -> Port:
    try:
        return Port(str(port))
    except TseError as error:
        raise ArchiveTrouble(error.sentence(AT_SHELL)) from error


async def _conditions(settings: Settings, journal: SqliteJournal) -> Conditions:
    last_at = await journal.last_at()

    def vouch(confirmed: bool, seen: datetime | None) -> str | None:  # noqa: FBT001 - a Vouch
        witnesses = [each for each in (last_at, seen) if each is not None]
        vouched = warrant(system_clock.look(), witnesses, confirmed=confirmed)
        return UNCONFIRMED if vouched is None else None

    pins, bsi_id = _pins(settings), settings.tse.bsi_id
    if settings.tse.clock == "trusted":
        return Conditions(pins, bsi_id=bsi_id)
    return Conditions(pins, vouch, bsi_id)


def _pins(settings: Settings) -> Pins:
    files = settings.tse.admin_pin_file, settings.tse.time_admin_pin_file
    try:
        admin, time_admin = (file and file.read_text("ascii").strip() for file in files)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(
            f"A PIN of the TSE can't be read: {error}. Correct tse.admin_pin_file and"
            " tse.time_admin_pin_file."
        ) from error
    default = Pins()
    return Pins(admin or default.admin, time_admin or default.time_admin)


def _version() -> str:
    try:
        return version("kassenband")
    except PackageNotFoundError:
        return "from source"
