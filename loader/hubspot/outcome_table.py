"""What an answer of HubSpot means: the table of the contract (section 5), as data, and its reader.

Nothing here sends, waits or raises: any bytes from a server have a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from math import inf
from typing import Any, NamedTuple

from loader.hubspot.envelope import (
    COMPLETE,
    ERROR,
    association_types,
    batch_state,
    context_texts,
    count_of,
    decode,
    error_objects,
    text_of,
    texts_in,
    types_of_pair,
)
from loader.hubspot.error_details import details, json_line, page_text, scopes
from loader.hubspot.headers import LONGEST_WAIT, correlation_id, media_type, redirect_target, retry_after
from loader.hubspot.verdict import Kind, Verdict
from loader.model import Pair
from loader.text import one_line

EU_HINT = "An account hosted in the EU may need --base-url https://api-eu1.hubapi.com."

# The loader's words for what an answer says, besides HubSpot's own.
IN_RESULTS = "IN_RESULTS"
HAS_ERRORS = "HAS_ERRORS"
NOT_IN_RESULTS = "NOT_IN_RESULTS"
UNFINISHED = "UNFINISHED"
UNREADABLE = "UNREADABLE_ANSWER"

_NO_PERMISSION = frozenset({"MISSING_SCOPES", "USER_DOES_NOT_HAVE_PERMISSIONS"})


class Row(NamedTuple):
    """One row of the table: which answers, and what they mean."""

    statuses: Container[int]
    kind: Kind
    #: The answer says one of these words (empty: whatever it says) …
    says: frozenset[str] = frozenset()
    #: … and none of these.
    unless: frozenset[str] = frozenset()
    reason: str = ""
    hint: str = ""
    #: Seconds to wait before the next attempt.
    least_wait: float = 0.0


_2XX = range(200, 300)
_4XX_WITH_ROWS_OF_THEIR_OWN = {401, 403, 408, 409, 423, 425, 429, 477, 488}
_OTHER_4XX = frozenset(range(400, 500)) - _4XX_WITH_ROWS_OF_THEIR_OWN

#: Every answer matches exactly one row. The order is the contract's.
OUTCOMES = (
    Row(_2XX, Kind.SUCCESS, says=frozenset({IN_RESULTS})),
    Row(_2XX, Kind.REFUSED, says=frozenset({HAS_ERRORS})),
    Row(_2XX, Kind.MADE_NOTHING, says=frozenset({NOT_IN_RESULTS})),
    Row(_OTHER_4XX, Kind.REFUSED, unless=frozenset({UNREADABLE})),
    Row({403}, Kind.REFUSED, unless=frozenset({UNREADABLE}) | _NO_PERMISSION),
    Row(
        {401},
        Kind.ACCOUNT,
        reason="token_refused",
        hint=f"Check that the access token is complete, still valid, and for this account. {EU_HINT}",
    ),
    Row(
        {403},
        Kind.ACCOUNT,
        says=frozenset({"MISSING_SCOPES"}),
        reason="missing_scopes",
        hint="The token needs the write scope of both object types: add it in HubSpot, then run again.",
    ),
    Row(
        {403},
        Kind.ACCOUNT,
        says=frozenset({"USER_DOES_NOT_HAVE_PERMISSIONS"}),
        unless=frozenset({"MISSING_SCOPES"}),
        reason="token_refused",
        hint="The user behind the token may not do this, often because its creator left the account: "
        "make a new token as a user who may edit these records.",
    ),
    Row(
        range(300, 400),
        Kind.ACCOUNT,
        reason="redirect",
        hint="Redirects are never followed, to keep the token on this host: correct --base-url.",
    ),
    Row(
        {488},
        Kind.ACCOUNT,
        reason="wrong_data_centre",
        hint="The account lives in another of HubSpot's data centres: run again with its host as --base-url, "
        "such as --base-url https://api-eu1.hubapi.com.",
    ),
    Row({429}, Kind.THROTTLED, unless=frozenset({"DAILY"})),
    Row(
        {429},
        Kind.DAILY,
        says=frozenset({"DAILY"}),
        reason="daily_limit",
        hint="The limit is reset at midnight in the account's time zone; then run the same command again.",
    ),
    Row(
        {477},
        Kind.MIGRATION,
        reason="moving",
        hint="HubSpot is moving the account to another data centre: run the same command again afterwards.",
    ),
    Row({423}, Kind.TRANSIENT, least_wait=2.0),
    Row({408, 409, 425, *range(500, 600)}, Kind.TRANSIENT),
    Row(_2XX, Kind.TRANSIENT, says=frozenset({UNFINISHED, UNREADABLE})),
    # A web page comes from a firewall or a proxy and says nothing about the pair.
    Row({403, *_OTHER_4XX}, Kind.TRANSIENT, says=frozenset({UNREADABLE})),
)
#: Statuses that HTTP does not know (below 200, from 600 on): a broken server, which may recover.
_NO_SUCH_STATUS = Row(range(0), Kind.TRANSIENT)

_DAILY = re.compile(r"(?<![^\W_])daily(?![^\W_])", re.IGNORECASE)
#: HubSpot's data centres, which are also part of a host name: eu1, na2, ap1.
_HUBLET = re.compile(r"(?:^|hublet )([a-z]{2}[0-9]{1,2})$")


class _Read(NamedTuple):
    """An answer as far as it was understood: its JSON object, and what it turned out to say."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    document: dict[str, Any] | None
    finding: str = ""


def judge(status: int, headers: Mapping[str, str], body: bytes | None, pair: Pair, *, now: float) -> Verdict:
    """What the answer to a PUT of `pair` means. Never raises.

    `body` is None if the answer broke off or was cut off. `headers` look names up without regard to case.
    `now` is Unix time in seconds, for a Retry-After that is a date.
    """
    document = decode(body)
    if document is None or not 200 <= status < 300:
        return judge_status(status, headers, body, now=now)
    types = types_of_pair(association_types(document), pair.from_id, pair.to_id)
    finding = _finding(document, types is not None)
    if finding == IN_RESULTS:
        # The table's first row, without a search: a load has a million of these.
        return Verdict(Kind.SUCCESS, status, "", "", "", correlation_id(headers), types or "")
    return _verdict(_row(status, {finding}), _Read(status, headers, body, document, finding), now)


def judge_status(status: int, headers: Mapping[str, str], body: bytes | None, *, now: float) -> Verdict:
    """What an answer means for any pair: a status other than 2xx, or a 2xx that can't be read.

    Never raises. Arguments as for `judge`.
    """
    document = decode(body)
    words = _words(status, body, document)
    finding = UNREADABLE if UNREADABLE in words else ""
    return _verdict(_row(status, words), _Read(status, headers, body, document, finding), now)


def judge_error(status: int, headers: Mapping[str, str], error: dict[str, Any], trace: object) -> Verdict:
    """What one item of the `errors` of a batch answer means for the pair that it names. Never raises.

    `trace` is the `correlationId` of the answer.
    """
    document = {"errors": [error], "correlationId": trace}
    return _verdict(_row(status, {HAS_ERRORS}), _Read(status, headers, None, document, HAS_ERRORS), 0.0)


def _row(status: int, words: set[str]) -> Row:
    for row in OUTCOMES:
        said = not row.says or not row.says.isdisjoint(words)
        if said and status in row.statuses and row.unless.isdisjoint(words):
            return row
    return _NO_SUCH_STATUS


def _finding(document: dict[str, Any], in_results: bool) -> str:
    """What a readable 2xx answer says. An error envelope without errors is NOT_IN_RESULTS."""
    state = batch_state(document)
    if state not in (COMPLETE, ERROR):
        return UNFINISHED
    if in_results and state == COMPLETE:
        return IN_RESULTS
    return HAS_ERRORS if document.get("errors") or count_of(document.get("numErrors")) else NOT_IN_RESULTS


def _words(status: int, body: bytes | None, document: dict[str, Any] | None) -> set[str]:
    """The machine-readable words of an answer, and UNREADABLE if it is no JSON object.

    Of an empty answer the status is enough, unless it is a 2xx, or a 403, which may be a firewall's.
    """
    if document is None:
        return {UNREADABLE} if 200 <= status < 300 or status == 403 or body is None or body.strip() else set()
    if 200 <= status < 300:
        return {UNREADABLE}
    names = ("category", "subCategory", "policyName", "errorType")
    words = {word.upper() for name in names for word in texts_in(document.get(name))}
    if status == 403:
        categories = (text for error in error_objects(document) for text in texts_in(error.get("category")))
        words.update(map(str.upper, categories))
        if scopes(document):
            words.add("MISSING_SCOPES")
    if status == 429:
        # The policy is documented for the daily limit alone; if none is named, the message may say it,
        # like "You have reached your daily limit."
        said = [*words, "" if document.get("policyName") else text_of(document.get("message"))]
        if _DAILY.search(" ".join(said)):
            words.add("DAILY")
    return words


def _verdict(row: Row, read: _Read, now: float) -> Verdict:
    """A verdict of the row's kind, with all that the answer says."""
    document = read.document or {}
    shown = (error_objects(document) if read.finding == HAS_ERRORS else []) or [document]
    # An account migration and a used-up daily limit may take hours.
    longest = inf if row.kind in (Kind.MIGRATION, Kind.DAILY) else LONGEST_WAIT
    wait = retry_after(read.headers, now, longest=longest)
    return Verdict(
        row.kind,
        read.status,
        _category(row, read, shown[0]),
        _message(row, read, shown[0]),
        details(shown),
        one_line(text_of(document.get("correlationId")), 100) or correlation_id(read.headers),
        retry_after=max(wait or 0.0, row.least_wait) if row.least_wait else wait,
        reason=row.reason,
        hint=_hint(row, document),
    )


def _category(row: Row, read: _Read, said: dict[str, Any]) -> str:
    """HubSpot's category, or the loader's own word if it names none (listed at `Verdict`)."""
    if read.finding == UNFINISHED:
        return one_line(batch_state(said), 100)
    if named := one_line(text_of(said.get("category")), 100):
        return named
    own = read.finding in row.says and read.finding != HAS_ERRORS
    return read.finding if own else f"HTTP_{read.status}"


def _message(row: Row, read: _Read, said: dict[str, Any]) -> str:
    """HubSpot's message on one line, or what else there is to tell about the answer."""
    if row.reason == "redirect":
        return f"HTTP {read.status}: a redirect to {redirect_target(read.headers)}"
    named = json_line(said.get("message"))
    if read.status == 401 and row.kind is Kind.ACCOUNT:
        return f"HubSpot rejected the access token (401){f': {named}' if named else ''}"
    if named:
        return named
    if read.finding == UNFINISHED:
        return f"HubSpot has not finished: the batch is {one_line(batch_state(said), 100)}"
    if read.finding == NOT_IN_RESULTS:
        return "HubSpot answered without an error, but the pair is not in the results"
    if read.finding == HAS_ERRORS:
        return "HubSpot reports an error for this pair but not which"
    answer = f"HTTP {read.status} ({media_type(read.headers) or 'no content type'})"
    if read.body is None:
        return f"{answer}: the answer can't be read to its end"
    return f"{answer}: {page_text(read.body) or 'an empty answer'}"


def _hint(row: Row, document: dict[str, Any]) -> str:
    if row.reason == "missing_scopes" and (named := ", ".join(scopes(document))):
        return f"{row.hint} HubSpot asks for: {named}."
    if row.reason == "wrong_data_centre" and (host := _right_host(document)):
        return f"The account lives in another of HubSpot's data centres: run again with --base-url {host}."
    return row.hint


def _right_host(document: dict[str, Any]) -> str:
    """The API host of the data centre that a 488 names; '' if it names none (facts: live)."""
    named = [*texts_in(document.get("correctHublet")), *context_texts(document, "correcthublet")]
    for text in (*named, text_of(document.get("message"))):
        if found := _HUBLET.search(text.strip(" .").lower()):
            return "https://api.hubapi.com" if found[1] == "na1" else f"https://api-{found[1]}.hubapi.com"
    return ""
