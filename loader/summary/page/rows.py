"""The page's table: pairs that need attention, as many as the page has room for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from markupsafe import Markup, escape

from loader.model import Status
from loader.object_types import canonical_type
from loader.summary.catalogue import Cause
from loader.summary.causes import cause_of
from loader.text import escape_controls, truncate

_ROWS_PER_CAUSE = 2_000
_MOST_BYTES = 1_400_000  # of the page's 2 MB
_MOST_CHARACTERS = 200  # of one cell
#: The user's own columns that are shown; a HubSpot export may have hundreds.
MOST_COLUMNS = 8

_TYPE_ID = re.compile(r"[0-9]{1,4}-[0-9]{1,19}")
_RECORD_ID = re.compile(r"[1-9][0-9]{0,18}")
_UI_DOMAIN = re.compile(r"app(-[a-z0-9]{1,10})?\.hubspot\.com")


class AttentionRow(NamedTuple):
    """One pair that needs attention, in the report's words; `others` are the user's own columns."""

    row: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    status: Status
    http_status: int = 0
    error_category: str = ""
    error_message: str = ""
    error_details: str = ""
    correlation_id: str = ""
    verified: str = ""
    others: tuple[str, ...] = ()


class RecordLinks:
    """Addresses of records in HubSpot's app: `https://app.hubspot.com/contacts/{account}/record/{type}/{id}`."""

    def __init__(self, account_id: int | None, ui_domain: str) -> None:
        domain = ui_domain if _UI_DOMAIN.fullmatch(ui_domain) else "app.hubspot.com"
        self._base = f"https://{domain}/contacts/{account_id}/record/" if account_id is not None else ""

    def of(self, object_type: str, record_id: str) -> str:
        """The record's address; empty if the account, the type's ID or the record's ID is not known."""
        type_id = canonical_type(object_type)
        if not (self._base and _TYPE_ID.fullmatch(type_id) and _RECORD_ID.fullmatch(record_id)):
            return ""
        return f"{self._base}{type_id}/{record_id}"


class Attention:
    """Keeps the first rows of each cause as HTML, so that a frequent cause does not crowd out the others.

    causes: those of the rows seen, in the order of their first row; a row refers to its cause by index
    examples: the first row of each of them
    total: rows seen
    """

    def __init__(self, links: RecordLinks, columns: int) -> None:
        self.causes: list[tuple[Status, Cause]] = []
        self.examples: list[AttentionRow] = []
        self.total = 0
        self._links = links
        self._columns = columns
        self._rows: list[list[tuple[int, Markup]]] = []

    def add(self, row: AttentionRow) -> None:
        """Look at one row, and keep it if there is room."""
        self.total += 1
        said = row.http_status, row.error_category, row.error_message, row.error_details
        cause = row.status, cause_of(row.status, *said, row.verified)
        if cause not in self.causes:
            self.causes.append(cause)
            self.examples.append(row)
            self._rows.append([])
        place = self.causes.index(cause)
        if len(self._rows[place]) < _ROWS_PER_CAUSE:
            self._rows[place].append((self.total, self._html(row, place, cause[1])))

    def shown(self) -> list[Markup]:
        """The rows that fit, taken from all causes in turn, in the order of the report."""
        kept: list[tuple[int, Markup]] = []
        room = _MOST_BYTES
        for order, html in self._in_turn():
            room -= len(html.encode())
            if room < 0:
                break
            kept.append((order, html))
        return [html for _, html in sorted(kept)]

    def _in_turn(self) -> Iterator[tuple[int, Markup]]:
        for rows in zip_longest(*self._rows):
            yield from (row for row in rows if row is not None)

    def _html(self, row: AttentionRow, place: int, cause: Cause) -> Markup:
        cells: Iterable[Markup | str] = (
            self._record(row.from_type, row.from_id),
            self._record(row.to_type, row.to_id),
            _pill(row.status, cause),
            *map(cell, _padded(row.others, self._columns)),
            cell(row.error_message),
            cell(row.correlation_id),
        )
        number = f"{row.row:,}" if row.row else ""
        start = Markup('<tr data-cause="{}"><th scope="row">{}</th>').format(place, number)
        return start + Markup("").join(Markup("<td>{}</td>").format(one) for one in cells) + Markup("</tr>\n")

    def _record(self, object_type: str, record_id: str) -> Markup:
        words = cell(f"{object_type} {record_id}")
        address = self._links.of(object_type, record_id)
        link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
        return link.format(address, words) if address else escape(words)


def cell(text: str) -> str:
    """A cell as the page shows it: on one line, without controls, cut if long."""
    return escape_controls(truncate(text, _MOST_CHARACTERS)).strip()


def _pill(status: Status, cause: Cause) -> Markup:
    return Markup('<span class="pill {}">{}</span> {}').format(status, status.replace("_", " "), cause.title)


def _padded(cells: Sequence[str], width: int) -> Iterator[str]:
    yield from cells[:width]
    yield from [""] * (width - len(cells))
