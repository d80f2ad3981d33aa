"""`kassenband-hub bank-import`: take in what the bank reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub.commands.answer import Answer
from hub.commands.opened import opened
from hub.commands.verbs import add_config
from hub.payments.camt import FILE_BYTES_MAX
from hub.service.bank_report import figures, note_files, sentences, take_files
from hub.service.payment_log import PaymentLog
from hub.settings import SettingsError

if TYPE_CHECKING:
    import argparse

    from hub.settings import Settings

BY = "command"


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add what `bank-import` understands."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="camt.053 or camt.054, or a ZIP archive of them",
    )
    parser.add_argument(
        "--take-copies",
        action="store_true",
        help="take what the bank marks as a duplicate, too: the first one never came",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_import)


async def _import(settings: Settings, options: argparse.Namespace) -> Answer:
    files = [(path.name, _read(path)) for path in options.files]
    async with opened(settings) as at:
        taken = await take_files(
            at.store,
            at.event.number,
            files,
            by=BY,
            take_copies=options.take_copies,
        )
        log = PaymentLog(at.store, settings.payments.secrets)
        await note_files(log, taken, by=BY)
    return Answer(
        figures(taken),
        list(sentences(taken)),
        good=taken.is_well,
        readable=not taken.is_unreadable,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than may be: it is then refused for its size.
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(
            f"The file {path} can't be read ({error.strerror}). Name another one."
        ) from error
