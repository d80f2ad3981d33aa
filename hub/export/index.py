"""index.xml: what the tables are, for the programs of the tax office (GDPdU)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hub.export.tables import Column, Table

INDEX_NAME = "index.xml"
DTD_NAME = "gdpdu-01-09-2004.dtd"
"""The official document type; index.xml names it, and it must lie beside."""
BYTE_ORDER_MARK = "\ufeff"
MEDIUM = "DSFinV-K"


def dtd() -> bytes:
    """Return the document type as the fiscal authority published it."""
    return (Path(__file__).parent / DTD_NAME).read_bytes()


def index_xml(
    tables: Sequence[Table], *, supplier: str, location: str, comment: str
) -> bytes:
    """Describe tables; the supplier is who hands the data over, and where they are."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<!DOCTYPE DataSet SYSTEM "{DTD_NAME}">',
        "<DataSet>",
        "  <Version>1.0</Version>",
        "  <DataSupplier>",
        f"    <Name>{escape(supplier)}</Name>",
        f"    <Location>{escape(location)}</Location>",
        f"    <Comment>{escape(comment)}</Comment>",
        "  </DataSupplier>",
        "  <Media>",
        f"    <Name>{MEDIUM}</Name>",
        *(line for table in tables for line in _table(table)),
        "  </Media>",
        "</DataSet>",
        "",
    ]
    return (BYTE_ORDER_MARK + "\r\n".join(lines)).encode()


def _table(table: Table) -> Iterator[str]:
    yield "    <Table>"
    yield f"      <URL>{table.file}</URL>"
    yield f"      <Name>{escape(table.name)}</Name>"
    yield f"      <Description>{escape(table.name)}</Description>"
    yield "      <UTF8/>"
    yield "      <DecimalSymbol>,</DecimalSymbol>"
    yield "      <DigitGroupingSymbol>.</DigitGroupingSymbol>"
    yield "      <Range>"
    yield "        <From>2</From>"
    yield "      </Range>"
    yield "      <VariableLength>"
    yield "        <ColumnDelimiter>;</ColumnDelimiter>"
    yield "        <RecordDelimiter>&#xD;&#xA;</RecordDelimiter>"
    yield '        <TextEncapsulator>"</TextEncapsulator>'
    for column in table.columns:
        yield from _column(column)
    yield "      </VariableLength>"
    yield "    </Table>"


def _column(column: Column) -> Iterator[str]:
    yield "        <VariableColumn>"
    yield f"          <Name>{column.name}</Name>"
    yield f"          <Description>{escape(column.description)}</Description>"
    if not column.is_number:
        yield "          <AlphaNumeric/>"
        yield f"          <MaxLength>{column.size}</MaxLength>"
    elif column.size:
        yield "          <Numeric>"
        yield f"            <Accuracy>{column.size}</Accuracy>"
        yield "          </Numeric>"
    else:
        yield "          <Numeric/>"
    yield "        </VariableColumn>"
