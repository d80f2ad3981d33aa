"""The verbs of a command, which all understand --json and --config."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hub.commands.answer import Answer
    from hub.settings import Settings

Obey: TypeAlias = "Callable[[Settings, argparse.Namespace], Awaitable[Answer]]"


class Verbs:
    """Adds verbs to a command's parser; `options.obey` is then what to do."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(self, name: str, obey: Obey, words: str) -> argparse.ArgumentParser:
        """Add a verb; returns its parser, for what else it understands."""
        verb = self._verbs.add_parser(name, help=words, description=words)
        verb.add_argument("--json", action="store_true", help="print one object")
        add_config(verb)
        verb.set_defaults(obey=obey)
        return verb


def add_config(parser: argparse.ArgumentParser) -> None:
    """Let --config stand behind a command as well as before it."""
    parser.add_argument(
        "--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
