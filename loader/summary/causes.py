"""Why a pair ended with its status: the first rule whose conditions all hold."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from loader.model import Status
from loader.summary import catalogue
from loader.summary.catalogue import Cause

__all__ = ["Cause", "cause_of"]


class _Rule(NamedTuple):
    """A cause and the conditions for it; an empty condition always holds."""

    cause: Cause
    categories: Collection[str] = ()
    http: Collection[int] = ()
    words: re.Pattern[str] | None = None

    def holds(self, http_status: int, category: str, text: str) -> bool:
        return (
            (not self.categories or category in self.categories)
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
_VERIFIED = {"missing": catalogue.VERIFIED_MISSING, "unknown": catalogue.VERIFIED_UNKNOWN}

#: What the source says of a row that can't be sent, by category.
_INVALID = {
    cause.key.upper(): cause
    for cause in (
        catalogue.MISSING_ID,
        catalogue.DESTROYED_ID,
        catalogue.ID_OUT_OF_RANGE,
        catalogue.BAD_ID,
        catalogue.MISSING_TYPE,
        catalogue.BAD_TYPE,
        catalogue.TOO_FEW_FIELDS,
        catalogue.TOO_MANY_FIELDS,
        catalogue.SELF_PAIR,
    )
}

# The loader's own categories come before HubSpot's words, and these before bare status codes. *live*: seen
# in answers to a real account; *guess*: the real body is not known.
_RULES = (
    _Rule(catalogue.NOT_IN_RESULTS, categories={"NOT_IN_RESULTS"}),
    _Rule(catalogue.TIMEOUT, categories={"TIMEOUT"}),
    _Rule(catalogue.CONNECTION_BROKEN, categories={"CONNECTION_BROKEN"}),
    _Rule(catalogue.UNREADABLE_ANSWER, categories={"UNREADABLE_ANSWER"}),
    _Rule(catalogue.PENDING, categories={"PENDING", "PROCESSING", "CANCELED"}),
    _Rule(catalogue.NO_PERMISSION, http={403}),  # live: USER_DOES_NOT_HAVE_PERMISSIONS
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
    _Rule(catalogue.CONFLICT, http={408, 409, 425}),
    _Rule(catalogue.WRONG_ADDRESS, http={405, 410, 413, 414, 415}),
)


@lru_cache(maxsize=1024)  # a few distinct outcomes in a million pairs
def cause_of(
    status: Status,
    http_status: int = 0,
    error_category: str = "",
    error_message: str = "",
    error_details: str = "",
    verified: str = "",
) -> Cause:
    """The cause of one pair's status, from the report's columns of the same names.

    `http_status` is 0 if there was no answer. Every status has a cause; nothing is raised.
    """
    if (known := _BY_STATUS.get(status)) is not None:
        return _VERIFIED.get(verified, known)
    if status is Status.INVALID:
        return _INVALID.get(error_category, catalogue.INVALID)
    text = f"{error_category}\n{error_message}\n{error_details}"
    otherwise = catalogue.REFUSED if status is Status.FAILED else catalogue.NO_ANSWER
    return next((rule.cause for rule in _RULES if rule.holds(http_status, error_category, text)), otherwise)
