"""What an answer of HubSpot means: the outcome table of the contract (section 4), as data, and its reader.

Nothing here sends, waits or raises: whatever bytes a server sends, they have a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from math import inf
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import orjson

from loader.hubspot.error_details import details, error_objects, one_line, page_words, scopes
from loader.hubspot.results import types_between
from loader.hubspot.retry_after import LONGEST_WAIT, retry_after
from loader.hubspot.verdict import Kind, Verdict
from loader.model import Pair

EU_HINT = "An account hosted in the EU may need --base-url https://api-eu1.hubapi.com."

# What a 2xx answer turns out to be.
IN_RESULTS = "the pair stands in the results"
HAS_ERRORS = "errors, and the pair is not in the results"
NOT_IN_RESULTS = "NOT_IN_RESULTS"
UNFINISHED = "the batch is not complete"
UNREADABLE = "UNREADABLE_ANSWER"

_NO_PERMISSION = frozenset({"MISSING_SCOPES", "USER_DOES_NOT_HAVE_PERMISSIONS"})


class Row(NamedTuple):
    """One row of the outcome table: which answers, and what they mean.

    It matches an answer whose status is in `statuses`, which says one of the words `says` (if any are
    given) and none of `unless`. `least_wait` is in seconds.
    """

    statuses: Container[int]
    kind: Kind
    says: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    reason: str = ""
    hint: str = ""
    least_wait: float = 0.0


_2XX = range(200, 300)
_4XX_WITH_A_ROW_OF_THEIR_OWN = {401, 403, 408, 409, 423, 425, 429, 477}
_OTHER_4XX = frozenset(range(400, 500)) - _4XX_WITH_A_ROW_OF_THEIR_OWN

#: Every answer matches exactly one row. The order is the contract's.
OUTCOMES = (
    Row(_2XX, Kind.SUCCESS, says=frozenset({IN_RESULTS})),
    Row(_2XX, Kind.REFUSED, says=frozenset({HAS_ERRORS})),
    Row(_2XX, Kind.MADE_NOTHING, says=frozenset({NOT_IN_RESULTS})),
    Row(_OTHER_4XX, Kind.REFUSED),
    Row({403}, Kind.REFUSED, unless=_NO_PERMISSION),
    Row(
        {401},
        Kind.ACCOUNT,
        reason="token_refused",
        hint=f"Check that the access token is whole, still valid, and this account's. {EU_HINT}",
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
        hint="Redirects are never followed, so that the token goes nowhere else: correct --base-url.",
    ),
    Row({429}, Kind.THROTTLED, unless=frozenset({"DAILY"})),
    Row(
        {429},
        Kind.DAILY,
        says=frozenset({"DAILY"}),
        reason="daily_limit",
        hint="The limit is reset at midnight in the account's time zone; then the same command goes on.",
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
)
#: Statuses that HTTP does not know (below 200, from 600 on): a broken server, which may recover.
_NO_SUCH_STATUS = Row(range(0), Kind.TRANSIENT)


def decode(body: bytes | None) -> dict[str, Any] | None:
    """The JSON object that `body` holds; None where it holds none, or where there is no body."""
    try:
        document = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def entries(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(from ID, to ID, association type like ``HUBSPOT_DEFINED:279``) of each of the answer's results.

    IDs are text, also where the server sends numbers. The type is empty where the answer names none.
    """
    results = document.get("results")
    found = []
    for entry in results if isinstance(results, list) else ():
        try:
            source, target = str(entry["from"]["id"]), str(entry["to"]["id"])
        except (TypeError, KeyError):  # not a pair
            continue
        found.append((source, target, _type_name(entry.get("associationSpec"))))
    return found


class _Heard(NamedTuple):
    """An answer as far as it was understood: its JSON object, and what a 2xx turned out to be."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    document: dict[str, Any] | None
    finding: str = ""


def judge(status: int, headers: Mapping[str, str], body: bytes | None, pair: Pair, *, now: float) -> Verdict:
    """What the answer to a PUT of `pair` means. Never raises.

    `body` is None where the answer broke off or was cut off. `headers` look names up without regard to
    case. `now` is Unix time in seconds, for a Retry-After that is a date.
    """
    if 200 <= status < 300 and body and (types := types_between(body, pair.from_id, pair.to_id)):
        return _success(status, headers, types)
    document = decode(body)
    if document is None or not 200 <= status < 300:
        return judge_status(status, headers, body, now=now)
    wanted, reverse = (pair.from_id, pair.to_id), (pair.to_id, pair.from_id)
    stands, names = False, []
    for source, target, type_name in entries(document):
        if (source, target) == wanted:
            stands = True
        elif (source, target) != reverse:
            continue
        if type_name and type_name not in names:
            names.append(type_name)
    finding = _finding(document, stands)
    if finding == IN_RESULTS:
        return _success(status, headers, ";".join(names))
    return _verdict(_row(status, {finding}), _Heard(status, headers, body, document, finding), now)


def _success(status: int, headers: Mapping[str, str], types: str) -> Verdict:
    """The table's first row, without a search: it is a million times this one."""
    return Verdict(Kind.SUCCESS, status, "", "", "", headers.get("X-HubSpot-Correlation-Id", ""), types)


def judge_status(status: int, headers: Mapping[str, str], body: bytes | None, *, now: float) -> Verdict:
    """What an answer means where the pair does not matter: any but 2xx, and a 2xx that can't be read.

    Never raises. Arguments as for `judge`.
    """
    if 200 <= status < 300:
        return _verdict(_row(status, {UNREADABLE}), _Heard(status, headers, body, None, UNREADABLE), now)
    document = decode(body)
    words = _words(status, document) if document else set()
    return _verdict(_row(status, words), _Heard(status, headers, body, document), now)


def _row(status: int, words: set[str]) -> Row:
    for row in OUTCOMES:
        said = not row.says or not row.says.isdisjoint(words)
        if said and status in row.statuses and row.unless.isdisjoint(words):
            return row
    return _NO_SUCH_STATUS


def _finding(document: dict[str, Any], stands: bool) -> str:
    """What a readable 2xx answer says. An error envelope that names no error has made nothing."""
    status = document.get("status")
    state = "COMPLETE" if status is None else str(status).upper()
    if state not in ("COMPLETE", "ERROR"):
        return UNFINISHED
    if stands and state == "COMPLETE":
        return IN_RESULTS
    count = document.get("numErrors")
    if document.get("errors") or (isinstance(count, int) and count > 0):
        return HAS_ERRORS
    return NOT_IN_RESULTS


def _words(status: int, document: dict[str, Any]) -> set[str]:
    """The machine-readable words at the top level of an error answer."""
    names = ("category", "subCategory", "policyName", "errorType")
    words = {word.upper() for name in names if isinstance(word := document.get(name), str)}
    if status == 429:
        # The policy is documented for the daily limit alone; where none is named, the message may say it,
        # like "You have reached your daily limit."
        said = [*words, "" if document.get("policyName") else str(document.get("message"))]
        if re.search(r"(?<![^\W_])daily(?![^\W_])", " ".join(said), re.IGNORECASE):
            words.add("DAILY")
    return words


def _verdict(row: Row, heard: _Heard, now: float) -> Verdict:
    """A verdict of the row's kind, with all that the answer says."""
    document = heard.document or {}
    errors = error_objects(document) if heard.finding == HAS_ERRORS else []
    shown = errors or [document]
    # A move and a used-up day may say how many hours they take.
    longest = inf if row.kind in (Kind.MIGRATION, Kind.DAILY) else LONGEST_WAIT
    wait = retry_after(heard.headers, now, longest=longest)
    named = ", ".join(scopes(document)) if row.reason == "missing_scopes" else ""
    return Verdict(
        row.kind,
        heard.status,
        _category(heard, shown[0]),
        _redirect(heard) if row.reason == "redirect" else _message(heard, shown[0]),
        details(shown),
        one_line(document.get("correlationId") or heard.headers.get("X-HubSpot-Correlation-Id", ""), 100),
        retry_after=max(wait or 0.0, row.least_wait) if row.least_wait else wait,
        reason=row.reason,
        hint=f"{row.hint} HubSpot asks for: {named}." if named else row.hint,
    )


def _category(heard: _Heard, said: dict[str, Any]) -> str:
    """HubSpot's category, or the loader's own word where it names none (listed at `Verdict`)."""
    if heard.finding == UNFINISHED:
        return one_line(said.get("status"), 100)
    named = said.get("category")
    if isinstance(named, str) and named.strip():
        return one_line(named, 100)
    return heard.finding if heard.finding in (NOT_IN_RESULTS, UNREADABLE) else f"HTTP_{heard.status}"


def _message(heard: _Heard, said: dict[str, Any]) -> str:
    """HubSpot's message on one line, or what else there is to tell about the answer."""
    named = said.get("message")
    if named not in (None, "", [], {}):
        return one_line(named)
    if heard.finding == UNFINISHED:
        return f"HubSpot has not finished: the batch is {one_line(said.get('status'), 100)}"
    if heard.finding == NOT_IN_RESULTS:
        return "HubSpot answered without an error, but the pair is not in the results"
    if heard.finding == HAS_ERRORS:
        return "HubSpot counts an error for this pair and does not say which"
    media_type = one_line(heard.headers.get("Content-Type", "").split(";")[0], 60) or "no content type"
    if heard.body is None:
        return f"HTTP {heard.status} ({media_type}): the answer can't be read to its end"
    return f"HTTP {heard.status} ({media_type}): {page_words(heard.body) or 'an empty answer'}"


def _redirect(heard: _Heard) -> str:
    return f"HTTP {heard.status}: a redirect to {_place(heard.headers.get('Location', ''))}"


def _place(location: str) -> str:
    """Where a redirect leads, without user, query and fragment: they may hold what is not to be shown."""
    try:
        parts = urlsplit(location)
        place = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        place = ""
    return one_line(place, 300) or "nowhere"


def _type_name(spec: object) -> str:
    if not isinstance(spec, dict) or (type_id := spec.get("associationTypeId")) is None:
        return ""
    return f"{spec.get('associationCategory') or '?'}:{type_id}"
