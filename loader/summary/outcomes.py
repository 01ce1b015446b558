"""Counted outcomes, grouped by their causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from loader.model import Status
from loader.summary.catalogue import Cause
from loader.summary.causes import cause_of


class Example(NamedTuple):
    """One pair, as the input has it.

    `row` is the data row's number, 0 if the pair is no longer in the input; `line` the line of the file,
    0 if it is not known. `message` and `correlation_id` are those of this very pair.
    """

    row: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    message: str = ""
    correlation_id: str = ""
    line: int = 0


class OutcomeCount(NamedTuple):
    """Pairs that share an outcome, and one of them. The fields are the report's columns of the same names."""

    status: Status
    pairs: int
    example: Example | None = None
    http_status: int = 0
    error_category: str = ""
    error_message: str = ""
    error_details: str = ""
    verified: str = ""


class CauseGroup(NamedTuple):
    """Pairs with one status for one cause, and the first of them that is known."""

    status: Status
    cause: Cause
    pairs: int
    example: Example | None


class TypePairCount(NamedTuple):
    """How many pairs are from one object type to another; the types as the input names them."""

    from_type: str
    to_type: str
    pairs: int


def group_by_cause(outcomes: Iterable[OutcomeCount]) -> tuple[CauseGroup, ...]:
    """The causes of all outcomes, the largest first; memory grows with the number of causes alone."""
    pairs: Counter[tuple[Status, Cause]] = Counter()
    examples: dict[tuple[Status, Cause], Example] = {}
    for one in outcomes:
        said = one.http_status, one.error_category, one.error_message, one.error_details
        cause = cause_of(one.status, *said, one.verified)
        pairs[one.status, cause] += one.pairs
        if one.example is not None:
            examples.setdefault((one.status, cause), one.example)
    return tuple(
        CauseGroup(status, cause, count, examples.get((status, cause)))
        for (status, cause), count in pairs.most_common()
        if count
    )
