"""The values that every part of the loader shares: a pair goes in, an outcome comes out.

Plain frozen values without behaviour. They are tuples underneath, because a million of them pass
through a run and a tuple is the cheapest frozen value that Python has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import partial
from itertools import groupby
from typing import NamedTuple


class Status(StrEnum):
    """What became of one pair: the words of the report's `status` column (contract, section 4)."""

    ASSOCIATED = "associated"
    EXISTING = "existing"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    INVALID = "invalid"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    REMOVED = "removed"  # by `undo`
    NOT_SENT = "not_sent"


#: The statuses of a load's report.
LOAD_STATUSES = tuple(
    status for status in Status if status not in (Status.REMOVED, Status.EMPTY, Status.NOT_SENT)
)

#: Statuses that need no attention; a pair with any other makes the exit code 1.
GOOD = frozenset({Status.ASSOCIATED, Status.EXISTING, Status.DUPLICATE, Status.EMPTY, Status.REMOVED})


class Pair(NamedTuple):
    """One data row of the input: validated and ready to send, or as written if it can't be sent.

    `row` counts data rows from 1 (the first below the header). IDs are text: 1 to 19 ASCII digits
    without leading zeros if the row is valid, else the cell as written. `rest` is the row's
    other columns as CSV text, each with a comma before it, encoded once by the reader and copied
    to the report unchanged (empty if the input has no other columns). `id` is the pair's rowid in the
    checkpoint, 0 if it has none yet.
    """

    row: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    rest: str = ""
    id: int = 0


#: `Pair._make` without a Python-level call for each row.
make_pair: Callable[[Iterable[object]], Pair] = partial(tuple.__new__, Pair)


class Outcome(NamedTuple):
    """What became of one pair; becomes one line of the report.

    `http_status` is the last answer's status (0: there was none). `attempts` counts requests that
    count against `--max-attempts`. `association_types` is like ``HUBSPOT_DEFINED:279;…``.
    `existed_before` is ``yes``, ``no`` or empty (no look-up, or it left that open). `error_details` is
    compact JSON or empty. `completed_at` is Unix time in seconds.
    """

    pair: Pair
    status: Status
    completed_at: float
    http_status: int = 0
    attempts: int = 0
    association_types: str = ""
    existed_before: str = ""
    error_category: str = ""
    error_message: str = ""
    error_details: str = ""
    correlation_id: str = ""


#: `Outcome._make` without a Python-level call for each row.
_outcome: Callable[[Iterable[object]], Outcome] = partial(tuple.__new__, Outcome)


class OutcomeGroup(NamedTuple):
    """Consecutive pairs with one outcome: `first` is that of `pairs[0]`; the others differ only in the pair.

    Nearly all pairs of a batch have one outcome, so a million pairs are counted and written without a million
    `Outcome` objects.
    """

    pairs: list[Pair]
    first: Outcome

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """The outcome of each of the pairs."""
        came_to = self.first[1:]
        return (_outcome((pair, *came_to)) for pair in self.pairs)


def group_outcomes(outcomes: Iterable[Outcome]) -> list[OutcomeGroup]:
    """The same outcomes in the same order, consecutive ones that differ only in the pair as one group."""
    runs = (list(run) for _, run in groupby(outcomes, lambda outcome: outcome[1:]))
    return [OutcomeGroup([outcome.pair for outcome in run], run[0]) for run in runs]


#: The report's own columns, in order (contract, section 4); the input's other columns follow them.
OWN_COLUMNS = (
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
    "verified",
)

#: Those that say what became of a row. If a report is loaded again, they are replaced, not copied.
RESULT_COLUMNS = (OWN_COLUMNS[0], *OWN_COLUMNS[5:])
