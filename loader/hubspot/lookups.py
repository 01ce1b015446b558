"""Read-only questions about an account: default types, records that exist, association limits.

The answer to each is a value, or the Verdict that says why there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, NamedTuple, TypeVar

import orjson

from loader.hubspot.client import Answer, HubSpot
from loader.hubspot.envelope import COMPLETE, batch_state, count_of, decode, objects_in, text_of, type_name
from loader.hubspot.error_details import scopes
from loader.hubspot.verdict import Kind, Verdict

#: Records in one question (doc: batch read of objects).
MOST_RECORDS = 100

_MAY_PASS = frozenset({Kind.TRANSIENT, Kind.NO_ANSWER, Kind.UNREACHABLE, Kind.THROTTLED})

_TRIES_WITHOUT_ANSWER = 3

T = TypeVar("T")


class DefaultType(NamedTuple):
    """The default association type between two object types."""

    #: Like ``HUBSPOT_DEFINED:279``; '' for none.
    name: str


class AssociationLimit(NamedTuple):
    """How many records of the other type one record may be associated with."""

    #: The lower of HubSpot's limit and the one of the account's admins; None if neither is known.
    most: int | None
    #: How many of the account's records have already reached HubSpot's limit.
    full: int


async def ask_patiently(
    question: Callable[[], Coroutine[Any, Any, T | Verdict]],
    delay: Callable[[int, float | None], float],
    *,
    tries: int = 3,
) -> T | Verdict:
    """Ask up to `tries` times while the error may pass; at most three times if there is no answer at all.

    `delay` gives the seconds to wait, from the number of tries and from what the answer asks for (None: it
    does not). After a 429 the pace waits instead.
    """
    for tried in count(1):
        answer = await question()
        if not isinstance(answer, Verdict) or answer.kind not in _MAY_PASS:
            break
        if tried >= (tries if answer.http_status else min(tries, _TRIES_WITHOUT_ANSWER)):
            break
        if answer.kind is not Kind.THROTTLED:
            await asyncio.sleep(delay(tried, answer.retry_after))
    return answer


async def read_default_type(hubspot: HubSpot, from_type: str, to_type: str) -> DefaultType | Verdict:
    """Ask for the default association of two types: the entry of the labels whose label is null (doc)."""
    answer = await hubspot.request("GET", f"/crm/associations/{hubspot.version}/{from_type}/{to_type}/labels")
    kinds = answer if isinstance(answer, Verdict) else _results(answer)
    if isinstance(kinds, Verdict):
        return kinds
    default = (kind for kind in kinds if not kind.get("label"))
    return DefaultType(next((type_name(kind.get("category"), kind.get("typeId")) for kind in default), ""))


async def read_existing(
    hubspot: HubSpot, object_type: str, record_ids: list[str], admit: Callable[[], None] | None = None
) -> set[str] | Verdict:
    """Which of up to 100 records exist as that type and can be read: the batch read of objects (doc).

    A merged record may come back under its new ID; it then counts as one of the IDs that were asked for.
    """
    if not record_ids:
        return set()
    body = {"inputs": [{"id": record_id} for record_id in record_ids], "properties": []}
    path = f"/crm/objects/{hubspot.version}/{object_type}/batch/read"
    answer = await hubspot.request("POST", path, json=body, admit=admit)
    records = answer if isinstance(answer, Verdict) else _results(answer)
    if isinstance(records, Verdict):
        return records
    read = {text_of(record.get("id")) for record in records} - {""}
    found = read.intersection(record_ids)
    others = [record_id for record_id in record_ids if record_id not in found]
    return found.union(others[: len(read - found)])


async def read_association_limit(
    hubspot: HubSpot, from_type: str, to_type: str
) -> AssociationLimit | Verdict:
    """Ask how many records of `to_type` one of `from_type` may have.

    HubSpot's own limit has a dated path from 2026-03 on, and a v3 path before (doc: limits tracking). A lower
    limit set by the account's admins is among the association configurations (doc).
    """
    ends = f"associations/records/{from_type}/{to_type}"
    answer = await hubspot.request("GET", f"/crm/limits/{hubspot.version}/{ends}")
    if isinstance(answer, Verdict) and answer.http_status in (400, 404, 405):
        answer = await hubspot.request("GET", f"/crm/v3/limits/{ends}")
    own = {} if isinstance(answer, Verdict) else decode(answer.body) or {}
    path = f"/crm/associations/{hubspot.version}/definitions/configurations/{from_type}/{to_type}"
    configured = await hubspot.request("GET", path)
    limits = [count_of(own.get("limit"))]
    kinds = configured if isinstance(configured, Verdict) else _results(configured)
    if not isinstance(kinds, Verdict):
        default = (kind for kind in kinds if not kind.get("label"))
        limits += [count_of(kind.get("userEnforcedMaxToObjectIds")) for kind in default]
    known = [limit for limit in limits if limit]
    if not known and isinstance(answer, Verdict):
        return answer
    return AssociationLimit(min(known, default=None), count_of(own.get("totalRecordsAtLimit")) or 0)


def scopes_named(verdict: Verdict) -> list[str]:
    """The scopes that a refusal names as missing."""
    errors = objects_in(orjson.loads(verdict.details or "[]"))
    return list(dict.fromkeys(scope for error in errors for scope in scopes(error)))


def _results(answer: Answer) -> list[dict[str, Any]] | Verdict:
    """The results of a complete answer, else a Verdict: without results, nothing is known to be missing."""
    document = decode(answer.body) or {}
    if isinstance(document.get("results"), list) and batch_state(document) == COMPLETE:
        return objects_in(document["results"])
    return Verdict(Kind.TRANSIENT, answer.status, "UNREADABLE_ANSWER", "the answer holds no results")
