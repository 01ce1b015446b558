"""What became of one request: a kind that says what to do, and what the answer said."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The result of a request (contract, section 5); the values are the words of the log file."""

    SUCCESS = "success"  #: the pair is in the answer's results
    REFUSED = "refused"  #: HubSpot refuses this pair; the run goes on
    MADE_NOTHING = "made_nothing"  #: 2xx without an error, and the pair is not in the results
    TRANSIENT = "transient"  #: an answer that another attempt may change
    THROTTLED = "throttled"  #: 429 of the ten-second limit; does not count as an attempt
    DAILY = "daily"  #: 429 of the daily limit
    MIGRATION = "migration"  #: 477: the account is being moved to another data centre
    ACCOUNT = "account"  #: nothing will work until a person has changed something
    NO_ANSWER = "no_answer"  #: connected, but reset, disconnected or timed out before the headers came
    UNREACHABLE = "unreachable"  #: no connection, or no access token available


class Verdict(NamedTuple):
    """The result of one request."""

    kind: Kind
    #: Status of the answer; 0 if there was none.
    http_status: int = 0
    #: HubSpot's own category; else ``HTTP_<status>``, ``UNREADABLE_ANSWER``, ``NOT_IN_RESULTS``, the state of
    #: the batch (``PENDING``, …), ``TIMEOUT``, ``CONNECTION_BROKEN``, ``UNREACHABLE``, ``TLS``,
    #: ``TLS_CERTIFICATE`` or ``TOKEN_RENEWAL``.
    category: str = ""
    #: One line.
    message: str = ""
    #: The error objects of the answer as a compact JSON array, or empty.
    details: str = ""
    correlation_id: str = ""
    #: Like ``HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280``.
    association_types: str = ""
    #: Seconds that the answer asks to wait; None if it does not.
    retry_after: float | None = None
    #: The word for `errors.Stopped`, if the kind is ACCOUNT, DAILY or MIGRATION.
    reason: str = ""
    #: What a person should change.
    hint: str = ""
    #: Seconds from the start of the request until it was clear that no answer comes.
    waited: float = 0.0
