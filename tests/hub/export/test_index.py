from __future__ import annotations

import io
from dataclasses import replace

import pytest
from lxml import etree

from hub.export.index import DTD_NAME, dtd, index_xml
from hub.export.tables import TABLES
from hub.export.tse_register import TseRegister
from tests.hub.export.till_days import Till

AMBIGUOUS = b"(Name, Command*, Table*, Command*, AcceptNoTables?)"
# The same language, but such that libxml2 can tell which Command is meant.
CLEAR = b"(Name, Command*, (Table+, Command*)?, AcceptNoTables?)"


@pytest.fixture(scope="module")
def official() -> etree.DTD:
    """The official document type, patched where libxml2 refuses it."""
    text = dtd()
    assert text.count(AMBIGUOUS) == 1
    return etree.DTD(io.BytesIO(text.replace(AMBIGUOUS, CLEAR)))


def test_the_index_is_as_the_fiscal_authority_asks(official: etree.DTD) -> None:
    data = index_xml(TABLES, supplier="A & B <Bar>", location="Köln", comment="x")

    assert data.startswith(b"\xef\xbb\xbf<?xml")
    assert b"\n" not in data.replace(b"\r\n", b"")
    document = etree.fromstring(data)
    assert official.validate(document), official.error_log
    assert (
        document.getroottree().docinfo.system_url == DTD_NAME == "gdpdu-01-09-2004.dtd"
    )
    assert document.findtext("DataSupplier/Name") == "A & B <Bar>"
    urls = [each.text for each in document.iterfind("Media/Table/URL")]
    assert urls == [table.file for table in TABLES]


def test_the_official_type_finds_a_broken_index(official: etree.DTD) -> None:
    data = index_xml(TABLES, supplier="", location="", comment="")
    broken = data.replace(b"<DecimalSymbol>,</DecimalSymbol>", b"", 1)

    assert not official.validate(etree.fromstring(broken))


def test_more_certificate_columns_are_in_the_index(official: etree.DTD) -> None:
    facts = Till().facts
    long_one = replace(facts, certificate=b"c" * 2300)
    tables = TseRegister([facts]).tables
    long = TseRegister([long_one]).tables

    document = etree.fromstring(
        index_xml(long, supplier="A", location="B", comment="C")
    )
    assert tables == TABLES
    assert official.validate(document), official.error_log
    names = document.xpath("//VariableColumn/Name/text()")
    assert "TSE_ZERTIFIKAT_IV" in names
    assert "TSE_ZERTIFIKAT_V" not in names
