"""What must come of a polluted file, from the contract alone: without a look at the loader's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Pair = tuple[str, str, str, str]  # from type, from ID, to type, to ID

OWN_COLUMNS = [
    "row",
    "from_object_type",
    "from_object_id",
    "to_object_type",
    "to_object_id",
    "status",
    "http_status",
    "attempts",
    "association_types",
    "existed_before",
    "error_category",
    "error_message",
    "error_details",
    "correlation_id",
    "completed_at",
]


@dataclass(frozen=True)
class Line:
    """One row of the report: `status` it must have, its pair where it was sent, and the other columns' cells
    (None: not looked at)."""

    status: str
    pair: Pair
    rest: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Refusal:
    """Nothing may be sent: exit code 2. `lines` are the physical lines to blame (None: any or none)."""

    lines: range | None = None


@dataclass(frozen=True)
class Exactly:
    """The report must hold these rows in this order, under these numbers (None: 1, 2, 3, …)."""

    rows: list[Line]
    numbers: list[int] | None = None


@dataclass(frozen=True)
class Spared:
    """Some records were damaged; where the file is not refused as a whole, the others must not notice.

    `untouched` must stand in the report as they are, in this order; `pairs` are all that the file says, of
    the damaged records too. Damaged records give at least `damaged` further rows. `lines` as in `Refusal`.
    """

    untouched: list[Line]
    pairs: frozenset[Pair]
    damaged: int
    lines: range | None = None


Expectation = Refusal | Exactly | Spared


@dataclass
class Seen:
    """What a run left behind: the error that refused the input (None: it ran), the report's cells with its
    header, the pairs that were sent, the exit code."""

    refused: str | None
    line: int | None
    report: list[list[str]] = field(default_factory=list)
    sent: list[Pair] = field(default_factory=list)
    code: int = 2


def violations(expected: Expectation, seen: Seen) -> list[str]:
    """Which promises the run broke; empty when all is well."""
    if seen.refused is not None:
        return list(_refused(expected, seen))
    if isinstance(expected, Refusal):
        return [f"not refused; sent {len(seen.sent)} pairs, exit {seen.code}"]
    rows = seen.report[1:]
    numbers = (
        expected.numbers if isinstance(expected, Exactly) and expected.numbers else range(1, len(rows) + 1)
    )
    broken = list(_report(seen, rows, [str(number) for number in numbers]))
    if isinstance(expected, Exactly):
        broken += _exactly(expected.rows, rows)
    else:
        broken += _spared(expected, rows)
    return broken


def _refused(expected: Expectation, seen: Seen) -> Iterable[str]:
    if isinstance(expected, Exactly):
        yield f"refused: {seen.refused}"
        return
    if seen.sent or seen.report:
        yield f"refused, and yet {len(seen.sent)} pairs were sent and {len(seen.report)} lines written"
    if expected.lines is not None and seen.line not in expected.lines:
        yield f"blames line {seen.line}, not {expected.lines}: {seen.refused}"
    if not seen.refused or "\n" in seen.refused:
        yield f"the reason is not one line: {seen.refused!r}"


def _report(seen: Seen, rows: list[list[str]], numbers: list[str]) -> Iterable[str]:
    """What holds for every report."""
    if not seen.report:
        return  # there was no row to report
    if seen.report[0][: len(OWN_COLUMNS)] != OWN_COLUMNS:
        yield f"the report's header is {seen.report[0]}"
    if [row[0] for row in rows] != numbers:
        yield f"rows are numbered {[row[0] for row in rows]}"
    if wide := [row for row in rows if len(row) != len(seen.report[0])]:
        yield f"the report has a row of another width: {wide[0]}"
    associated = Counter(_pair(row) for row in rows if row[5] == "associated")
    if associated != Counter(seen.sent):
        sent = Counter(seen.sent)
        yield f"sent {dict(sent - associated)} but reported {dict(associated - sent)}"
    if bad := [row for row in rows if row[5] not in ("associated", "duplicate", "invalid")]:
        yield f"a row is {bad[0][5]}: {bad[0]}"
    if silent := [row for row in rows if row[5] == "invalid" and not (row[10] and row[11])]:
        yield f"an invalid row without a reason: {silent[0]}"
    if split := [row for row in rows if "\n" in row[11] or "\r" in row[11]]:
        yield f"a reason of several lines: {split[0]}"
    wrong = any(row[5] == "invalid" for row in rows)
    if seen.code != int(wrong):
        yield f"exit {seen.code} with {'some' if wrong else 'no'} invalid rows"


def _exactly(expected: list[Line], rows: list[list[str]]) -> Iterable[str]:
    if len(rows) != len(expected):
        yield f"{len(rows)} rows in the report, {len(expected)} in the file"
    for number, (line, row) in enumerate(zip(expected, rows, strict=False), 1):
        if not _is(line, row):
            yield f"row {number} must be {line} and is {row}"


def _spared(expected: Spared, rows: list[list[str]]) -> Iterable[str]:
    position, others = 0, []
    for row in rows:
        if position < len(expected.untouched) and _is(expected.untouched[position], row):
            position += 1
        else:
            others.append(row)
    if position < len(expected.untouched):
        yield f"lost or changed: {expected.untouched[position]}; rows: {rows}"
    if len(others) < expected.damaged:
        yield f"{expected.damaged} damaged records gave {len(others)} rows"
    for row in others:
        if row[5] != "invalid" and _pair(row) not in expected.pairs:
            yield f"invented: {row}"


def _is(line: Line, row: list[str]) -> bool:
    same = row[5] == line.status and (line.rest is None or tuple(row[len(OWN_COLUMNS) :]) == line.rest)
    return same and (line.status == "invalid" or _pair(row) == line.pair)


def _pair(row: list[str]) -> Pair:
    return row[1], row[2], row[3], row[4]
