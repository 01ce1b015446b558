"""What came of one request: a kind that says what to do, and all that the answer said."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of the contract's outcome table (section 4); the values are the log file's words."""

    SUCCESS = "success"  #: the pair stands in the answer's results
    REFUSED = "refused"  #: HubSpot refuses this pair; the run goes on
    MADE_NOTHING = "made_nothing"  #: 2xx without an error, and the pair is not in the results
    TRANSIENT = "transient"  #: an answer that another attempt may change
    THROTTLED = "throttled"  #: 429 of the short-term limit: the row is not to blame
    DAILY = "daily"  #: 429 of the daily limit
    MIGRATION = "migration"  #: 477: the account moves to another data centre
    ACCOUNT = "account"  #: nothing will work until a person has changed something
    NO_ANSWER = "no_answer"  #: connected, but no answer: reset, disconnected or timed out before the headers
    UNREACHABLE = "unreachable"  #: no connection, or no way to get a token over it


class Verdict(NamedTuple):
    """What one request came to.

    `http_status` is 0 where there was no answer. `category` is HubSpot's, or where it names none one of
    ``HTTP_<status>``, ``UNREADABLE_ANSWER``, ``NOT_IN_RESULTS``, the batch status (``PENDING``, …),
    ``TIMEOUT``, ``CONNECTION_BROKEN``, ``UNREACHABLE``, ``TLS``, ``TLS_CERTIFICATE``, ``TOKEN_RENEWAL``.
    `message` is one line. `details` is a compact JSON array of the answer's error objects, or empty.
    `association_types` is like ``HUBSPOT_DEFINED:279;…``. `retry_after` is in seconds. `reason` is the word
    for `errors.Stopped` where the kind is ACCOUNT, DAILY or MIGRATION, and `hint` says what the person should
    change. `waited` is how many seconds after the sending it turned out that no answer comes.
    """

    kind: Kind
    http_status: int = 0
    category: str = ""
    message: str = ""
    details: str = ""
    correlation_id: str = ""
    association_types: str = ""
    retry_after: float | None = None
    reason: str = ""
    hint: str = ""
    waited: float = 0.0
