"""The one place that knows why a row ended as it did, and what a person can do about it.

`load`'s closing summary, `summary` and the HTML page all ask `cause_of`; the words stand in `catalogue`.
The rules are data, read from the top: the first whose conditions all hold gives the cause. So the loader's
own categories and HubSpot's precise words stand before bare status codes. Where a wording of HubSpot's
comes from is said beside its rule: *live* is what a real account answered, *guess* that no body is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from loader.model import Status
from loader.summary import catalogue
from loader.summary.catalogue import Cause

__all__ = ["Cause", "cause_of", "next_command"]


class _Rule(NamedTuple):
    """A cause and the conditions for it; an empty condition always holds."""

    cause: Cause
    status: Status | None = None
    categories: Collection[str] = ()
    http: Collection[int] = ()
    words: re.Pattern[str] | None = None

    def holds(self, status: Status, http_status: int, category: str, text: str) -> bool:
        return (
            (self.status is None or status is self.status)
            and (not self.categories or category in self.categories)
            and (not self.http or http_status in self.http)
            and (self.words is None or self.words.search(text) is not None)
        )


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_BY_STATUS = {
    Status.ASSOCIATED: catalogue.ASSOCIATED,
    Status.EXISTING: catalogue.EXISTING,
    Status.DUPLICATE: catalogue.DUPLICATE,
    Status.EMPTY: catalogue.EMPTY,
    Status.NOT_SENT: catalogue.NOT_SENT,
    Status.REMOVED: catalogue.REMOVED,
}

_INVALID = (  # the categories are the source's own
    _Rule(catalogue.MISSING_ID, categories={"MISSING_ID"}),
    _Rule(catalogue.DESTROYED_ID, categories={"DESTROYED_ID"}),
    _Rule(catalogue.ID_OUT_OF_RANGE, categories={"ID_OUT_OF_RANGE"}),
    _Rule(catalogue.BAD_ID, categories={"BAD_ID"}),
    _Rule(catalogue.MISSING_TYPE, categories={"MISSING_TYPE"}),
    _Rule(catalogue.BAD_TYPE, categories={"BAD_TYPE"}),
    _Rule(catalogue.TOO_FEW_FIELDS, categories={"TOO_FEW_FIELDS"}),
    _Rule(catalogue.TOO_MANY_FIELDS, categories={"TOO_MANY_FIELDS"}),
    _Rule(catalogue.SELF_PAIR, categories={"SELF_PAIR"}),
    _Rule(catalogue.INVALID, status=Status.INVALID),
)

_NO_USABLE_ANSWER = (  # the categories are the loader's own, given where the answer has none
    _Rule(catalogue.NOT_IN_RESULTS, categories={"NOT_IN_RESULTS"}),
    _Rule(catalogue.TIMEOUT, categories={"TIMEOUT"}),
    _Rule(catalogue.CONNECTION_BROKEN, categories={"CONNECTION_BROKEN"}),
    _Rule(catalogue.UNREADABLE_ANSWER, categories={"UNREADABLE_ANSWER"}),
    _Rule(catalogue.PENDING, categories={"PENDING", "PROCESSING", "CANCELED"}),
)

_BY_HUBSPOT = (
    _Rule(catalogue.MISSING_SCOPES, categories={"MISSING_SCOPES"}),  # live
    _Rule(catalogue.TOKEN_REFUSED, http={401}),  # live: INVALID_ or EXPIRED_AUTHENTICATION
    _Rule(catalogue.NO_PERMISSION, http={403}),  # live: USER_DOES_NOT_HAVE_PERMISSIONS
    _Rule(catalogue.DAILY_LIMIT, http={429}, words=_words(r"\bDAILY\b")),
    _Rule(catalogue.RATE_LIMIT, http={429}),
    _Rule(catalogue.SERVER_TROUBLE, http=range(500, 600)),
    _Rule(
        catalogue.RECORD_MISSING,  # live
        words=_words(r"INVALID_OBJECT_IDS|OBJECT_NOT_FOUND|associations are invalid|=\d+ is not valid"),
    ),
    _Rule(
        catalogue.UNKNOWN_TYPE,  # live: the first alternative
        words=_words(r"infer object type|(unknown|invalid|unsupported) object ?type"),
    ),
    _Rule(
        catalogue.ASSOCIATION_LIMIT,  # guess
        words=_words(r"associat[^.]{0,60}limit|limit[^.]{0,60}associat|maximum[^.]{0,60}associat"),
    ),
    _Rule(catalogue.NO_DEFAULT_TYPE, words=_words(r"default association|association type")),  # guess
    _Rule(catalogue.NOT_FOUND, http={404}),
    _Rule(catalogue.LOCKED, http={423}),
    _Rule(catalogue.MOVING, http={477}),
    _Rule(catalogue.CONFLICT, http={408, 409, 425}),
    _Rule(catalogue.REDIRECTED, http=range(300, 400)),
    _Rule(catalogue.WRONG_ADDRESS, http={405, 410, 413, 414, 415}),
    _Rule(catalogue.REFUSED, status=Status.FAILED),
    _Rule(catalogue.NO_ANSWER),
)

_RULES = (*_INVALID, *_NO_USABLE_ANSWER, *_BY_HUBSPOT)


def cause_of(
    status: Status, http_status: int, error_category: str, error_message: str = "", error_details: str = ""
) -> Cause:
    """The cause of one row's status, from the report's columns of the same names.

    `http_status` is 0 where there was no answer. Every status has a cause; nothing is raised.
    """
    if (cause := _BY_STATUS.get(status)) is not None:
        return cause
    text = f"{error_category}\n{error_message}\n{error_details}"
    return next(rule.cause for rule in _RULES if rule.holds(status, http_status, error_category, text))


def next_command(cause: Cause, status: Status, report: str = "REPORT") -> str:
    """What to type once the advice is followed, or nothing where loading again can't help.

    `report` is put in as it is: the caller quotes it for the reader's shell.
    """
    if not cause.resend:
        return ""
    types = " --from-type TYPE --to-type TYPE" if cause is catalogue.MISSING_TYPE else ""
    return f"assoc-loader load {report} --only {status}{types}"
