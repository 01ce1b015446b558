"""What `check --online` asks HubSpot before a load; nothing is written.

Each question is sent a few times where it meets a passing fault. Its answer is a value, or the Verdict that
says why there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import orjson

from loader.hubspot import Answer, HubSpot, Kind, Verdict, decode
from loader.hubspot.error_details import scopes

_TRIES = 3
_PASSING = frozenset({Kind.TRANSIENT, Kind.NO_ANSWER, Kind.UNREACHABLE, Kind.THROTTLED})

T = TypeVar("T")


class DefaultType(NamedTuple):
    """The default association type between two object types, like ``HUBSPOT_DEFINED:279``; '' for none."""

    name: str


class AssociationLimit(NamedTuple):
    """How many records of the other type one record may be associated with.

    `most` is the lower of HubSpot's limit and the one that the account's admins have set, None where nobody
    said. `full` counts the account's records that have reached HubSpot's limit already.
    """

    most: int | None
    full: int


async def patiently(
    question: Callable[[], Coroutine[Any, Any, T | Verdict]], delay: Callable[[int, float | None], float]
) -> T | Verdict:
    """Ask up to three times if a fault may pass.

    `delay` gives the seconds to wait after so many tries, of which the last answer asked for so many (None:
    it did not ask).
    """
    for tries in range(1, _TRIES):
        answer = await question()
        if not isinstance(answer, Verdict) or answer.kind not in _PASSING:
            return answer
        if answer.kind is not Kind.THROTTLED:  # then the pace waits
            await asyncio.sleep(delay(tries, answer.retry_after))
    return await question()


async def read_default_type(hubspot: HubSpot, from_type: str, to_type: str) -> DefaultType | Verdict:
    """Ask for the default association of two types: the labels endpoint's entry whose label is null (doc)."""
    path = f"/crm/associations/{hubspot.version}/{from_type}/{to_type}/labels"
    answer = await hubspot.request("GET", path)
    if isinstance(answer, Verdict):
        return answer
    for kind in _results(answer):
        if kind.get("label") is None:
            return DefaultType(f"{kind.get('category') or '?'}:{kind.get('typeId')}")
    return DefaultType("")


async def read_existing(hubspot: HubSpot, object_type: str, record_ids: list[str]) -> set[str] | Verdict:
    """Which of up to 100 records exist as that type: the objects' batch read (doc).

    A record that was merged may come back under its new ID; it counts, under one that was asked for.
    """
    if not record_ids:
        return set()
    body = {"inputs": [{"id": record_id} for record_id in record_ids], "properties": []}
    path = f"/crm/objects/{hubspot.version}/{object_type}/batch/read"
    answer = await hubspot.request("POST", path, json=body)
    if isinstance(answer, Verdict):
        return answer
    read = {str(result.get("id")) for result in _results(answer)}
    found = read.intersection(record_ids)
    silent = [record_id for record_id in record_ids if record_id not in found]
    return found.union(silent[: len(read - found)])


async def read_association_limit(
    hubspot: HubSpot, from_type: str, to_type: str
) -> AssociationLimit | Verdict:
    """Ask how many records of `to_type` one of `from_type` may have.

    HubSpot's own limit is at a dated address from 2026-03 on, and at a v3 address before (doc: limits
    tracking); the lower one that an account's admins may set is among the associations' configurations (doc).
    """
    ends = f"associations/records/{from_type}/{to_type}"
    answer = await hubspot.request("GET", f"/crm/limits/{hubspot.version}/{ends}")
    if isinstance(answer, Verdict) and answer.http_status in (400, 404, 405):
        answer = await hubspot.request("GET", f"/crm/v3/limits/{ends}")
    own = {} if isinstance(answer, Verdict) else decode(answer.body) or {}
    path = f"/crm/associations/{hubspot.version}/definitions/configurations/{from_type}/{to_type}"
    configured = await hubspot.request("GET", path)
    limits = [_count(own.get("limit"))]
    if not isinstance(configured, Verdict):
        default = (item for item in _results(configured) if item.get("label") is None)
        limits += [_count(item.get("userEnforcedMaxToObjectIds")) for item in default]
    known = [limit for limit in limits if limit is not None]
    if not known and isinstance(answer, Verdict):
        return answer
    return AssociationLimit(min(known, default=None), _count(own.get("totalRecordsAtLimit")) or 0)


def scopes_named(verdict: Verdict) -> list[str]:
    """The scopes that a refusal names as missing."""
    try:
        items = orjson.loads(verdict.details or "[]")
    except orjson.JSONDecodeError:
        return []
    return list(dict.fromkeys(scope for item in items for scope in scopes(item)))


def _results(answer: Answer) -> list[dict[str, Any]]:
    results = (decode(answer.body) or {}).get("results")
    return [item for item in results if isinstance(item, dict)] if isinstance(results, list) else []


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
