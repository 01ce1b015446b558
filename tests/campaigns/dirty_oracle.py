"""What must come of a polluted file, from the contract alone: without a look at the loader's code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Pair = tuple[str, str, str, str]  # from type, from ID, to type, to ID


@dataclass(frozen=True)
class Line:
    """One line of the report to be.

    status: ``pair`` if it is to be sent, else ``duplicate``, ``invalid`` or ``empty``.
    pair: its types and IDs; not looked at if it is invalid or empty.
    rest: the other columns' cells (None: not looked at).
    """

    status: str
    pair: Pair
    rest: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Refusal:
    """The file is refused as a whole. `lines` are the lines that may be named (None: any or none)."""

    lines: range | None = None


@dataclass(frozen=True)
class Exactly:
    """The file must give these lines in this order, of these rows (None: 1, 2, 3, …)."""

    lines: list[Line]
    rows: list[int] | None = None


@dataclass(frozen=True)
class Spared:
    """Some records were damaged; if the file is not refused as a whole, the others must not notice.

    untouched: lines that must be there as they are, in this order.
    pairs: all that the file says, also in the damaged records.
    damaged: further lines that the damaged records give at least.
    lines: as in `Refusal`.
    """

    untouched: list[Line]
    pairs: frozenset[Pair]
    damaged: int
    lines: range | None = None


Expectation = Refusal | Exactly | Spared


class SeenLine(NamedTuple):
    """One line as the loader reads it."""

    row: int
    status: str
    pair: Pair
    rest: tuple[str, ...]
    category: str
    message: str


@dataclass
class Seen:
    """What the loader made of a file: the error that refused it and its line, or all lines of the file."""

    refused: str | None
    line: int | None
    lines: list[SeenLine] = field(default_factory=list)


def violations(expected: Expectation, seen: Seen) -> list[str]:
    """Which promises were broken; empty if all is well."""
    if seen.refused is not None:
        return list(_refused(expected, seen))
    if isinstance(expected, Refusal):
        return [f"not refused; {sum(line.status == 'pair' for line in seen.lines)} pairs would be sent"]
    broken = list(_every_line(seen.lines))
    if isinstance(expected, Exactly):
        rows = expected.rows or list(range(1, len(expected.lines) + 1))
        broken += _exactly(expected.lines, rows, seen.lines)
    else:
        broken += _spared(expected, seen.lines)
    return broken


def _refused(expected: Expectation, seen: Seen) -> Iterable[str]:
    if isinstance(expected, Exactly):
        yield f"refused: {seen.refused}"
        return
    if expected.lines is not None and seen.line not in expected.lines:
        yield f"names line {seen.line}, not {expected.lines}: {seen.refused}"
    if not seen.refused or "\n" in seen.refused:
        yield f"the reason is not one line: {seen.refused!r}"


def _every_line(lines: list[SeenLine]) -> Iterable[str]:
    """What holds for the lines of every file."""
    rows = [line.row for line in lines]
    if rows != sorted(rows) or set(rows) != set(range(1, max(rows, default=0) + 1)):
        yield f"rows are numbered {rows}"
    pairs = [line.pair for line in lines if line.status == "pair"]
    if len(set(pairs)) < len(pairs):
        yield f"a pair would be sent twice: {pairs}"
    for line in lines:
        if line.status not in ("pair", "duplicate", "invalid", "empty"):
            yield f"a line is {line.status}: {line}"
        if line.status == "invalid" and not (line.category and line.message):
            yield f"an invalid line without a reason: {line}"
        if "\n" in line.message or "\r" in line.message:
            yield f"a reason of several lines: {line}"


def _exactly(expected: list[Line], rows: list[int], lines: list[SeenLine]) -> Iterable[str]:
    if len(lines) != len(expected):
        yield f"{len(lines)} lines, {len(expected)} in the file"
    for row, line, seen in zip(rows, expected, lines, strict=False):
        if not _is(line, seen) or seen.row != row:
            yield f"row {row} must be {line} and is {seen}"


def _spared(expected: Spared, lines: list[SeenLine]) -> Iterable[str]:
    position, others = 0, []
    for line in lines:
        if position < len(expected.untouched) and _is(expected.untouched[position], line):
            position += 1
        else:
            others.append(line)
    if position < len(expected.untouched):
        yield f"lost or changed: {expected.untouched[position]}; lines: {lines}"
    if len(others) < expected.damaged:
        yield f"{expected.damaged} damaged records gave {len(others)} lines"
    for line in others:
        if line.status in ("pair", "duplicate") and line.pair not in expected.pairs:
            yield f"invented: {line}"


def _is(line: Line, seen: SeenLine) -> bool:
    same = seen.status == line.status and (line.rest is None or seen.rest == line.rest)
    return same and (line.status in ("invalid", "empty") or seen.pair == line.pair)
