"""Read what banks report: camt.053 statements and camt.054 notifications.

ISO 20022 versions 02, 04, 06 and 08, with any prefix or none. A file is read as a
stream: one entry is in memory at a time. A document type (and with it every entity, so
also those that grow or reach out) is refused, as is what is too large or too deep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

import msgspec

from hub.core.bills.credits import Credit
from hub.payments.camt_entry import credits_of
from hub.payments.errors import BankFileRefused, NotToBeBooked
from hub.payments.xml_node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

FILE_BYTES_MAX = 50 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
DEPTH_MAX = 40
"""A camt message is some 15 deep."""
ENTRY_NODES_MAX = 800_000
"""A batch of 10 000 payments has some 300 000 that are kept."""

TEXT_CHARACTERS_MAX = 10_000
"""Of one element; the longest field of camt has 500."""

VERSIONS = frozenset({"02", "04", "06", "08"})
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.(05[34])\.001\.(\d\d)")
_ROOTS = {"BkToCstmrStmt": "053", "BkToCstmrDbtCdtNtfctn": "054"}
_REPORTS = frozenset({"Stmt", "Ntfctn"})
_SKIPPED = frozenset(
    {
        "BkTxCd",
        "Bal",
        "TxsSummry",
        "PstlAdr",
        "RltdAgts",
        "Cdtr",
        "CdtrAcct",
        "UltmtCdtr",
        "InitgPty",
        "Purp",
        "Tax",
        "RltdDts",
        "RltdPric",
        "TechInptChanl",
        "CardTx",
        "Svcr",
        "Ownr",
    }
)
"""Elements that say nothing about who paid what; they are not kept."""

_TEST = re.compile(r"(?<![A-Z])TEST(?![A-Z])", re.I)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One statement or notification of a file: what tells it from all others."""

    kind: str
    """"053" or "054"."""
    version: str = ""
    """"02" and so on; empty where the file does not say."""
    message_id: str
    report_id: str
    account: str
    is_copy: bool = False
    """The bank marks it as a duplicate (CpyDplctInd)."""

    @property
    def identity(self) -> str:
        """What a file is recognized by when it is handed in again."""
        return "|".join((self.kind, self.account, self.message_id, self.report_id))


class Item(msgspec.Struct, frozen=True):
    """A credit and the report it stands in."""

    report: Report
    credit: Credit


def read(source: BinaryIO) -> Iterator[Item]:
    """Yield everything a file reports, in its order, as it is read.

    Raises BankFileRefused for what is no such file or is not to be booked. That may
    come late: whoever books must do it in one unit of work, at the end.
    """
    reader = _Reader()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > FILE_BYTES_MAX:
            raise BankFileRefused(
                f"The file is larger than {FILE_BYTES_MAX // 2**20} MiB. "
                "Have the bank split it by day."
            )
        reader.feed(chunk, is_last=False)
        yield from reader.taken()
    reader.feed(b"", is_last=True)
    yield from reader.taken()
    reader.check_whole()


class _Reader:
    """Builds one branch of the tree at a time: a header, then entry after entry."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator="\n")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._skipped_at: int | None = None
        self._branch: list[Node] = []
        self._nodes = 0
        self._kind = ""
        self._version = ""
        self._message_id = ""
        self._head = Node("head")
        self._report: Report | None = None
        self._entries = 0
        self._reports = 0
        self._items: list[Item] = []

    def feed(self, data: bytes, *, is_last: bool) -> None:
        """Parse the next piece of the file."""
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            raise BankFileRefused(
                f"The file is no whole XML document (line {error.lineno}: "
                f"{expat.errors.messages.get(error.code, 'unreadable')}). "
                "Download it again from the bank."
            ) from None
        except (LookupError, ValueError) as error:
            if isinstance(error, msgspec.ValidationError):
                raise
            raise BankFileRefused(
                "The file's encoding can't be read. Download it again as UTF-8."
            ) from None

    def taken(self) -> Iterator[Item]:
        """Hand over what was finished since."""
        items, self._items = self._items, []
        return iter(items)

    def check_whole(self) -> None:
        """Refuse a file that reports nothing at all."""
        if not self._reports:
            raise BankFileRefused(
                "The file has no statement (camt.053) and no notification (camt.054)."
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition("\n")
        depth = len(self._path)
        if depth >= DEPTH_MAX:
            raise BankFileRefused("The file is nested too deeply to be a bank's.")
        if depth <= 1:
            self._check_root(depth, namespace, local)
        self._path.append(local)
        if self._skipped_at is not None:
            return
        if local in _SKIPPED:
            self._skipped_at = depth
        elif self._branch or self._begins_a_branch(depth, local):
            self._nodes += 1
            if self._nodes > ENTRY_NODES_MAX:
                raise BankFileRefused("One entry of the file is too large to be read.")
            node = Node(local, attributes)
            if self._branch:
                self._branch[-1].add(node)
            self._branch.append(node)
        elif depth == 2 and local in _REPORTS:
            self._head, self._report = Node("head"), None
            self._reports += 1

    def _begins_a_branch(self, depth: int, local: str) -> bool:
        """Whether it is the file's header, or below a statement or notification."""
        return (depth == 2 and local == "GrpHdr") or (
            depth == 3 and self._path[2] in _REPORTS
        )

    def _check_root(self, depth: int, namespace: str, local: str) -> None:
        if namespace:
            match = _NAMESPACE.fullmatch(namespace)
            if match is None:
                raise BankFileRefused(
                    f"The file is no camt.053 or camt.054 but {namespace[-60:]!r}."
                )
            if match[2] not in VERSIONS:
                known = ", ".join(sorted(VERSIONS))
                raise BankFileRefused(
                    f"The file is camt.{match[1]} in version {match[2]}; this hub "
                    f"reads the versions {known}."
                )
            self._version = match[2]
        if depth == 0 and local != "Document":
            raise BankFileRefused(f"The file is no bank statement but {local[:40]!r}.")
        if depth == 1:
            if local not in _ROOTS:
                raise BankFileRefused(
                    f"The file is no camt.053 or camt.054 but has {local[:40]!r}."
                )
            self._kind = _ROOTS[local]

    def _text(self, text: str) -> None:
        if not self._branch or self._skipped_at is not None:
            return
        node = self._branch[-1]
        if len(node.text) + len(text) > TEXT_CHARACTERS_MAX:
            raise BankFileRefused("A field of the file is too long to be a bank's.")
        node.text += text

    def _end(self, _: str) -> None:
        self._path.pop()
        if self._skipped_at is not None:
            if len(self._path) == self._skipped_at:
                self._skipped_at = None
            return
        if not self._branch:
            return
        node = self._branch.pop()
        if self._branch:
            return
        self._nodes = 0
        match node.name:
            case "GrpHdr":
                self._take_header(node)
            case "Ntry":
                self._take_entry(node)
            case _:
                self._head.add(node)
                _refuse_a_test(node)

    def _take_header(self, header: Node) -> None:
        self._message_id = header.value("MsgId")
        for about in header.all("AddtlInf"):
            _refuse_a_test(about)

    def _take_entry(self, entry: Node) -> None:
        report = self._report or self._begin_report()
        self._entries += 1
        self._items.extend(
            Item(report, credit)
            for credit in credits_of(entry, report.account, self._entries)
        )

    def _begin_report(self) -> Report:
        head = self._head
        account = head.value("Acct/Id/IBAN") or head.value("Acct/Id/Othr/Id")
        if not account:
            raise BankFileRefused(
                "The file does not say which account it is about. Download it again."
            )
        self._report = Report(
            kind=self._kind,
            version=self._version,
            message_id=self._message_id,
            report_id=head.value("Id"),
            account=account.replace(" ", ""),
            is_copy=head.value("CpyDplctInd") == "DUPL",
        )
        return self._report


def _refuse_document_type(*_: object) -> None:
    raise BankFileRefused(
        "The file declares a document type (DTD); no bank's file does. It was not read."
    )


def _refuse_a_test(node: Node) -> None:
    if node.name in {"AddtlInf", "AddtlStmtInf", "AddtlNtfctnInf"} and _TEST.search(
        node.text
    ):
        raise NotToBeBooked(
            "The bank marks this file as a TEST: nothing in it was paid. Import the "
            "real one."
        )
