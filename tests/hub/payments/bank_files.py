"""Small camt files as banks write them, made for these tests."""

from __future__ import annotations

from dataclasses import dataclass, field

IBAN = "CH4431999123000889012"
ROOTS = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}


@dataclass
class Detail:
    amount: str | None = "45.00"
    currency: str = "CHF"
    structured: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    ref: str = ""
    end_to_end: str = "NOTPROVIDED"
    payer: str = "Pia Muster"
    more: str = ""


@dataclass
class Entry:
    amount: str = "45.00"
    currency: str = "CHF"
    direction: str = "CRDT"
    status: str = "BOOK"
    ref: str = "E1"
    reversal: str = ""
    details: list[Detail] = field(default_factory=list)
    announced: str = ""
    value_on: str = "<Dt>2026-05-04</Dt>"
    more: str = ""


def camt(
    *entries: Entry,
    kind: str = "054",
    version: str = "08",
    prefix: str | None = "",
    head: str = "",
    foot: str = "",
    about: str = "",
) -> bytes:
    root, report = ROOTS[kind]
    name = f"urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}"
    colon = f":{prefix[:-1]}" if prefix else ""
    declared = f' xmlns{colon}="{name}"' if prefix is not None else ""
    body = "".join(entry_xml(entry, version) for entry in entries)
    plain = (
        f"<Document{declared}><{root}><GrpHdr><MsgId>M1</MsgId>{about}</GrpHdr>"
        f"<{report}><Id>R1</Id>{head}<Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>"
        f"{body}{foot}</{report}></{root}></Document>"
    )
    if prefix:
        plain = plain.replace("</", "\0").replace("<", f"<{prefix}")
        plain = plain.replace("\0", f"</{prefix}")
    return f'<?xml version="1.0" encoding="UTF-8"?>{plain}'.encode()


def entry_xml(entry: Entry, version: str) -> str:
    status = entry.status if version in {"02", "04"} else f"<Cd>{entry.status}</Cd>"
    batch = f"<Btch><NbOfTxs>{entry.announced}</NbOfTxs></Btch>"
    details = "".join(detail_xml(each, version) for each in entry.details)
    return (
        f'<Ntry><Amt Ccy="{entry.currency}">{entry.amount}</Amt>'
        f"<CdtDbtInd>{entry.direction}</CdtDbtInd>"
        + (f"<RvslInd>{entry.reversal}</RvslInd>" if entry.reversal else "")
        + f"<Sts>{status}</Sts><BookgDt><Dt>2026-05-03</Dt></BookgDt>"
        + (f"<ValDt>{entry.value_on}</ValDt>" if entry.value_on else "")
        + (f"<AcctSvcrRef>{entry.ref}</AcctSvcrRef>" if entry.ref else "")
        + "<BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>"
        + entry.more
        + (
            f"<NtryDtls>{batch if entry.announced else ''}{details}</NtryDtls>"
            if details or entry.announced
            else ""
        )
        + "</Ntry>"
    )


def detail_xml(detail: Detail, version: str) -> str:
    ref = f"<AcctSvcrRef>{detail.ref}</AcctSvcrRef>" if detail.ref else ""
    amount = ""
    if detail.amount is not None:
        amount = f'<Amt Ccy="{detail.currency}">{detail.amount}</Amt>'
        if version == "02":
            amount = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    name = f"<Nm>{detail.payer}</Nm>"
    if version not in {"02", "04"}:
        name = f"<Pty>{name}</Pty>"
    strds = "".join(
        "<Strd><CdtrRefInf><Tp><CdOrPrtry><Prtry>QRR</Prtry></CdOrPrtry></Tp>"
        f"<Ref>{each}</Ref></CdtrRefInf></Strd>"
        for each in detail.structured
    )
    ustrds = "".join(f"<Ustrd>{each}</Ustrd>" for each in detail.text)
    return (
        f"<TxDtls><Refs>{ref}<EndToEndId>{detail.end_to_end}</EndToEndId></Refs>"
        f"{amount}{detail.more}<RltdPties><Dbtr>{name}</Dbtr></RltdPties>"
        f"<RmtInf>{ustrds}{strds}</RmtInf></TxDtls>"
    )
