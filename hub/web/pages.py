"""Pages from templates, in the language of whoever reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from contract.bill_reference import grouped, is_reference
from hub.web.formats import Formats
from hub.web.sentences import say
from hub.web.texts import Language, Texts, negotiate, spoken, texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from starlette.requests import Request

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
STATIC_FOLDER = Path(__file__).parent / "static"
_STAMP_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: the language, and whether it was chosen by a link."""

    language: Language
    chosen: bool
    texts: Texts
    formats: Formats
    asked: tuple[tuple[str, str], ...] = ()
    """What else the address asks for: other languages are linked with it."""

    @property
    def query(self) -> str:
        """What to append to links within the portal, so that a choice lasts."""
        return f"?lang={self.language.value}" if self.chosen else ""

    def say(self, sentence: str) -> str:
        """Say a service's sentence in the reader's language."""
        return say(sentence, self.language)

    def link(self, path: str) -> str:
        """Make a link within the portal, in which a choice of language lasts."""
        if not self.chosen:
            return path
        return f"{path}{'&' if '?' in path else '?'}lang={self.language.value}"

    def switch(self, language: Language) -> str:
        """Make the link to this page in another language."""
        return f"?{urlencode([*self.asked, ('lang', language.value)])}"


class Pages:
    """Fills templates; times are told in one time zone."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._templates = _templates()
        for language in Language:
            texts(language)  # a broken locale file must stop the start, not a guest

    def reader(self, request: Request) -> Reader:
        """Learn the language: ?lang= in the address, else what the browser prefers."""
        chosen = spoken(request.query_params.get("lang"))
        language = chosen or negotiate(request.headers.get("accept-language", ""))
        spoken_texts = texts(language)
        return Reader(
            language=language,
            chosen=chosen is not None,
            texts=spoken_texts,
            formats=Formats(spoken_texts.numbers, self.zone),
            asked=tuple(
                pair for pair in request.query_params.multi_items() if pair[0] != "lang"
            ),
        )

    def render(
        self,
        reader: Reader,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Fill a template; it sees the reader, its texts as `t` and the values."""
        html = self._templates.get_template(template).render(
            reader=reader,
            t=reader.texts,
            languages=[(each, texts(each).site.language) for each in Language],
            **values,
        )
        about = {
            "Content-Language": reader.language.value,
            "Vary": "Accept-Language",
            **(headers or {}),
        }
        return HTMLResponse(html, status, about)


@cache
def _templates() -> Environment:
    # One for all pages of a process: a template is compiled when it is first needed.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["stamp"] = _static_stamp()
    environment.filters["grouped"] = _grouped
    return environment


def _grouped(reference: str) -> str:
    """Write a bill's reference as it stands on bills; anything else as it is."""
    return grouped(reference) if is_reference(reference) else reference


def _static_stamp() -> str:
    # Part of the addresses of static files, so that browsers notice new ones.
    digest = hashlib.sha256()
    for path in sorted(STATIC_FOLDER.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_STAMP_LENGTH]
