"""How an outcome becomes one line of the report (contract, section 3).

What the input says passes through unchanged. What the server says is somebody else's text: it is
put on one line, cleared of terminal control sequences and cut, and what a spreadsheet would run as
a formula gets an apostrophe before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from loader.csvtext import encode_cell, encode_cells
from loader.model import OWN_COLUMNS, Outcome, OutcomeGroup, Status
from loader.report.cells import json_cell, server_cell, time_cell


def header(other_columns: Sequence[str]) -> str:
    """The report's first line without its line end; `other_columns` are the input's, in its order."""
    return ",".join(OWN_COLUMNS) + encode_cells(other_columns)


def line(outcome: Outcome) -> str:
    """The report's line for one outcome, `\\n` included."""
    return lines((OutcomeGroup([outcome.pair], outcome),))[0]


def lines(groups: Iterable[OutcomeGroup]) -> list[str]:
    """The report's lines for many outcomes, each with its `\\n`.

    What became of a row is mostly the same text as for the row before, but for the answer's ID and the time,
    so it is made anew only where it changes.
    """
    texts: list[str] = []
    last: tuple[object, ...] = ()
    result = ""
    invalid = False
    for pairs, first in groups:
        _, status, at, http_status, attempts, types, existed, category, message, details, trace = first
        kind = status, http_status, attempts, types, existed, category, message, details
        if kind != last:
            last, result, invalid = kind, _result(*kind), status is Status.INVALID
        cells = f"{result},{server_cell(trace)},{time_cell(round(at * 1000))}"
        for row, from_type, from_id, to_type, to_id, rest, _ in pairs:
            if invalid:  # only here the cells are as the input has them: all others were checked
                from_type, from_id, to_type, to_id = map(encode_cell, (from_type, from_id, to_type, to_id))
            texts.append(f"{row},{from_type},{from_id},{to_type},{to_id},{cells}{rest}\n")
    return texts


def _result(
    status: Status,
    http_status: int,
    attempts: int,
    types: str,
    existed: str,
    category: str,
    message: str,
    details: str,
) -> str:
    """The cells that say what became of a row, without the answer's ID and the time."""
    failure = (
        f"{server_cell(category)},{server_cell(message)},{json_cell(details)}"
        if category or message or details
        else ",,"
    )
    return f"{status},{http_status or ''},{attempts},{_association_types(types)},{existed},{failure}"


@lru_cache(maxsize=256)  # a few distinct values in a million rows
def _association_types(types: str) -> str:
    return server_cell(types)
