"""Tables as CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.types import Table

#: What the file picker offers.
PATTERNS = ("*.csv", "*.tsv", "*.txt")
# Leading zeros make a name, not a number: 007.
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_table(path: Path, header: bool = True) -> Table:
    """A CSV file: separated by comma, semicolon or tab, whichever its first line holds most of.

    Cells that look like numbers are numbers, empty ones are ``None``. Without ``header`` the columns are named
    1, 2, 3. Short rows are filled with ``None``. Raises ``NodeError`` naming the file and row.
    """
    path = Path(path)
    data = read_bytes(path, "a table")
    with reading(path.name, "a table"):
        if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise NodeError(f"{path.name} is no text; expected a CSV table", hint="export it as CSV")
        text = _text(data)
        first = next((line for line in text.splitlines() if line.strip()), "")
        separator = max(",;\t", key=first.count)
        # The decimal comma comes with the semicolon.
        decimal_comma = separator == ";"
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        rows = [row for row in rows if row]
        if not rows:
            raise NodeError(f"{path.name} holds no rows; expected a CSV table")
        names = rows.pop(0) if header else [str(index + 1) for index in range(max(map(len, rows)))]
        width = len(names)
        cells = []
        for number, row in enumerate(rows, 2 if header else 1):
            if len(row) > width:
                raise NodeError(
                    f"{path.name}, row {number} has {len(row)} cells; expected {width}",
                    hint="quote cells that hold the separator",
                )
            parsed = [_cell(cell, decimal_comma) for cell in row]
            cells.append((*parsed, *[None] * (width - len(parsed))))
        return Table(tuple(name.strip() for name in names), tuple(cells))


def write_table(table: Table) -> bytes:
    """CSV (RFC 4180) in UTF-8; floats as short as they come back exactly, ``None`` and NaN as empty cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_written(cell) for cell in row])
    return out.getvalue().encode()


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _cell(text: str, decimal_comma: bool) -> Any:
    stripped = text.strip()
    if not stripped:
        return None
    if _WHOLE.fullmatch(stripped):
        return int(stripped)
    number = stripped.replace(",", ".") if decimal_comma and stripped.count(",") == 1 else stripped
    if _NUMBER.fullmatch(number) and not re.match(r"[+-]?0\d", number):
        found = float(number)
        return found if math.isfinite(found) else text
    return text


def _written(cell: Any) -> Any:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else cell
