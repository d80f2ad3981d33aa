"""Puts a hub together from its settings, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import ssl
from typing import TYPE_CHECKING

import uvicorn

from hub.banking import Banking
from hub.core.tokens import TokenKeyUnusable, TokenSigner
from hub.link.connection import Broker, Tls
from hub.link.link import Link, Services
from hub.paying import Paying
from hub.people import make_people, make_postman, make_reminders
from hub.service import bill_booker, erasure, outbox, payout_booker, quarantine
from hub.service import context as event_context
from hub.service.bill_booker import BillBooker
from hub.service.booking import Booking
from hub.service.closings import Closings
from hub.service.context import ContextKeeper
from hub.service.events import add_token_key
from hub.service.inquiries import Inquiries
from hub.service.orders import Orders
from hub.service.receipts import PendingReceipt, Receipts
from hub.service.staff import Staff
from hub.service.tse_archives import TseArchives
from hub.service.tse_news import TseNews
from hub.service.wallet_news import WalletNews
from hub.service.wallet_snapshot import WalletSnapshots
from hub.service.wristbands import UID_SECRET_BYTES_MIN, WALLET_CHANNEL, Wristbands
from hub.settings import SettingsError
from hub.store.errors import DatabaseGone, StoreError
from hub.store.store import Store
from hub.web.edge import edge_app
from hub.web.peers import PeerProtocol
from hub.web.portal import portal_app
from hub.web.sources import Bulk, Health, Outstanding, Unavailable
from hub.web.wallet_pages import add_guests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator
    from pathlib import Path
    from uuid import UUID

    from fastapi import FastAPI

    from contract.receipt import Receipt
    from hub.settings import Settings

log = logging.getLogger(__name__)

COLLECTION_THRESHOLDS = (10_000, 50, 100)

ROLES = ("all", "writer", "portal", "edge", "office")
RESTART_PAUSE_S = 1
PING_INTERVAL_S = 2
BACKLOG = 512
CANCEL_AGAIN_S = 3


class PortTaken(StoreError):
    """A listener's port belongs to somebody else."""


async def serve(
    settings: Settings, role: str, ready: Callable[[], None]
) -> signal.Signals:
    """Run a hub until SIGTERM or SIGINT, and say which; `ready` is called once it does.

    Raises SettingsError, StoreError or BrokerGone with a sentence for people.
    """
    loop = asyncio.get_running_loop()
    stop: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.put_nowait, number)
    sockets = _bind_all(settings, role)
    if "edge" in sockets:
        _check_edge_files(settings)
    store = await Store.open(settings.database)
    try:
        hub = await Hub.assemble(settings, store)
        tasks = [asyncio.create_task(_keep(name, run)) for name, run in hub.parts(role)]
        servers = [
            asyncio.create_task(_serve_web(app, listener, tls))
            for app, listener, tls in hub.listeners(sockets)
        ]
        _settle_memory()
        ready()
        said = await stop.get()
        log.info("Stopping.")
        await _end((*tasks, *servers))
        await hub.paying.close()
    finally:
        await store.close()
    return said


def _settle_memory() -> None:
    # A full collection halts every till for as long as it takes to look at all that is
    # known of orders, which was 0.2 s. What is there now stays; little that comes
    # later is cyclic.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


class Hub:
    """The parts of a hub that belong to one event."""

    def __init__(self, settings: Settings, store: Store, signer: TokenSigner) -> None:
        self._settings = settings
        self._store = store
        self.context = ContextKeeper(store, settings.event)
        self._signer = signer
        self._database_answers = True

    @classmethod
    async def assemble(cls, settings: Settings, store: Store) -> Hub:
        """Read the event and its keys; raises SettingsError, StoreError."""
        hub = cls(settings, store, _signer(settings))
        event = await hub.context.refresh()
        await add_token_key(store, event.number, hub._signer.public)
        await hub.context.refresh()
        hub._connect_parts(event.number)
        return hub

    def _connect_parts(self, event: int) -> None:
        secret = _secret(self._settings.uid_secret)
        self.booking = Booking(self._store, event)
        self.bill_booker = BillBooker(self._store, self.booking, event)
        self.erasing = erasure.Erasing(self._store, self.context, self.booking)
        self.staff = Staff(self._store, self.context)
        self.orders = Orders(self._store, self.context, self.booking, self.staff)
        self.wristbands = Wristbands(
            self._store, self.context, self.booking, self._signer, secret
        )
        self.receipts = Receipts(self._store, self.context)
        self.snapshots = WalletSnapshots(self._store, self.context)
        self.news = WalletNews(self._store, self.context, self.booking, self.orders)
        self.link = Link(
            _broker(self._settings),
            Services(
                context=self.context,
                booking=self.booking,
                orders=self.orders,
                wristbands=self.wristbands,
                staff=self.staff,
                inquiries=Inquiries(self._store, self.context, self.orders, self.staff),
                closings=Closings(self._store, self.context, self.booking, self.orders),
                tse_news=TseNews(self._store, self.context),
            ),
        )
        self._postman = make_postman(self._settings, self._store)
        event_now = self.context.current
        self._people = make_people(self._settings, self._store, event_now)
        self._reminders = make_reminders(self._settings, self._store, event_now)
        self.paying = Paying(
            self._settings,
            self._store,
            self.context,
            is_writer=lambda: self.booking.is_writer,
        )
        self.banking = Banking(self._settings, self._store, self.booking, event)
        self._sources = WebSources(self)
        self._archives = TseArchives(
            self._store, self.context, self._settings.archive_folder
        )

    def parts(self, role: str) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Name what runs in the background for a role."""
        yield "context", self.context.run
        yield "notifications", self._listen
        yield "health", self._watch
        if role in {"all", "writer"}:
            yield "booking", self.booking.run
            yield "quarantine", self.orders.quarantine.run
            yield "bills", self.bill_booker.run
            yield "guests to forget", self.erasing.run
            yield from self.banking.parts()
            yield "payment providers", self.paying.poller.run
            yield "link", self.link.run
            yield "wallet news", lambda: self.news.run(self.link.tell_wallets)
            if self._postman is not None:
                yield "mail", self._postman.run
            if self._people is not None:
                accounts = self._people.accounts
                yield "reminders", lambda: self._reminders.run(accounts)

    def listeners(
        self, sockets: dict[str, socket.socket]
    ) -> Iterator[tuple[FastAPI, socket.socket, tuple[Path, Path, Path] | None]]:
        """Pair each bound socket with the pages it serves and its TLS files."""
        if "portal" in sockets:
            app = portal_app(
                self._sources,
                self._sources,
                zone=self._settings.zone,
                people=self._people,
                calls=self.paying.calls,
                bills=self.paying.bills(),
            )
            add_guests(app, self.paying.guests())
            yield app, sockets["portal"], None
        if "office" in sockets:
            app = self.paying.office(self._sources, self.banking.sections(self.paying))
            yield app, sockets["office"], None
        if "edge" in sockets:
            files = self._settings
            tls = (files.edge_certificate, files.edge_key, files.ca)
            app = edge_app(self._sources, self._sources, self._sources, self._archives)
            yield app, sockets["edge"], tls

    def health(self) -> Health:
        """Say whether this hub does its work."""
        role = "writer" if self.booking.is_writer else "standby"
        if not self._database_answers:
            return Health(ok=False, role=role, detail="The database does not answer.")
        if self.booking.is_writer and not self.link.connected:
            return Health(ok=False, role=role, detail="The broker does not answer.")
        return Health(ok=True, role=role)

    async def _listen(self) -> None:
        await self._store.listen(
            {
                event_context.CHANNEL: self.context.invalidate,
                WALLET_CHANNEL: self.news.hear,
                quarantine.CHANNEL: self.orders.quarantine.hear,
                bill_booker.CHANNEL: self.bill_booker.hear,
                erasure.CHANNEL: self.erasing.hear,
                payout_booker.CHANNEL: self.banking.booker.hear,
                outbox.CHANNEL: self._hear_mail,
            },
            lost=self.context.invalidate,
        )

    def _hear_mail(self, payload: str) -> None:
        if self._postman is not None:
            self._postman.hear(payload)

    async def _watch(self) -> None:
        while True:
            try:
                await self._store.fetch("ping")
                self._database_answers = True
            except DatabaseGone:
                self._database_answers = False
            await asyncio.sleep(PING_INTERVAL_S)


class WebSources:
    """What the pages ask for, from the services."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def receipt(self, order: UUID) -> Receipt | Outstanding | None:
        """Find an order's receipt."""
        try:
            found = await self._hub.receipts.receipt(order)
        except DatabaseGone as error:
            raise Unavailable(str(error)) from error
        if isinstance(found, PendingReceipt):
            event = self._hub.context.current
            return Outstanding(
                till=found.till,
                total=found.total,
                event_name=event.name,
                demo=event.demo,
            )
        return found

    async def catalogue(self, version: int) -> bytes | None:
        """Find a catalogue version's bytes."""
        try:
            return await self._hub.receipts.catalogue(version)
        except DatabaseGone as error:
            raise Unavailable(str(error)) from error

    async def wallets(self) -> Bulk:
        """Return all wallets at once."""
        try:
            made = await self._hub.snapshots.snapshot()
        except DatabaseGone as error:
            raise Unavailable(str(error)) from error
        return Bulk(made.data, made.packed, made.digest)

    async def health(self) -> Health:
        """Judge the hub."""
        return self._hub.health()


async def _keep(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part for ever; a fault in one must not stop tills from selling."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("The part '%s' of the hub failed; it starts again.", name)
        await asyncio.sleep(RESTART_PAUSE_S)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: a library that waits with a timeout can lose a cancellation
    that comes together with its own answer (asyncio.wait_for before Python 3.12).
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """A web server in our loop, which leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve_web(
    app: FastAPI, listener: socket.socket, tls: tuple[Path, Path, Path] | None
) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=tls and str(tls[0]),
        ssl_keyfile=tls and str(tls[1]),
        ssl_ca_certs=tls and str(tls[2]),
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls else ssl.CERT_NONE,
        http=PeerProtocol if tls else "auto",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def _bind_all(settings: Settings, role: str) -> dict[str, socket.socket]:
    wanted = {
        "portal": (settings.portal_host, settings.portal_port),
        "edge": (settings.edge_host, settings.edge_port),
        "office": (settings.office_host, settings.office_port),
    }
    with contextlib.ExitStack() as bound:
        sockets = {
            name: bound.enter_context(_bind(name, *address))
            for name, address in wanted.items()
            if role in {"all", name} and address[1]
        }
        bound.pop_all()  # they are kept, for none of them failed
    return sockets


def _bind(name: str, host: str, port: int) -> socket.socket:
    with contextlib.ExitStack() as bound:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            listener = socket.socket(family, socket.SOCK_STREAM)
            bound.enter_context(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except (OSError, ValueError, OverflowError) as error:
            raise _unusable(name, host, port, error) from error
        bound.pop_all()
    return listener


def _unusable(
    name: str, host: str, port: int, error: Exception
) -> SettingsError | PortTaken:
    why = getattr(error, "strerror", None) or str(error)
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror) or number == errno.EADDRNOTAVAIL:
        return SettingsError(
            f"The {name} listener can't use {host}: this machine knows no such address "
            f"as its own ({why}). Correct '{name}_host'."
        )
    return PortTaken(
        f"The {name} listener can't use {host} port {port} ({why}). "
        f"End what listens there, or set '{name}_port' to another one."
    )


def _check_edge_files(settings: Settings) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.edge_certificate, settings.edge_key)
        context.load_verify_locations(settings.ca)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The edge listener's certificate {settings.edge_certificate}, its key "
            f"{settings.edge_key} or {settings.ca} can't be used ({error}). Make them "
            "anew with 'kassenband-provision hub', or correct 'edge_certificate', "
            "'edge_key' and 'ca'."
        ) from error


def _broker(settings: Settings) -> Broker:
    return Broker(
        host=settings.broker_host,
        port=settings.broker_port,
        tls=Tls(
            ca=settings.ca,
            certificate=settings.broker_certificate,
            key=settings.broker_key,
        ),
    )


def _signer(settings: Settings) -> TokenSigner:
    try:
        return TokenSigner(settings.token_key.read_bytes(), settings.token_key_id)
    except OSError as error:
        raise SettingsError(
            f"The token key {settings.token_key} can't be read ({error.strerror}). "
            "Make one with 'kassenband-provision hub', or correct 'token_key'."
        ) from error
    except TokenKeyUnusable as error:
        raise SettingsError(f"{settings.token_key}: {error}") from error


def _secret(path: Path) -> bytes:
    try:
        secret = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The UID secret {path} can't be read ({error.strerror}). "
            "Make one with 'kassenband-provision hub', or correct 'uid_secret'."
        ) from error
    if len(secret) < UID_SECRET_BYTES_MIN:
        raise SettingsError(
            f"The UID secret {path} has {len(secret)} bytes; it needs at least "
            f"{UID_SECRET_BYTES_MIN} random ones."
        )
    return secret
