"""The endpoints about the account: whose it is, what is left of the day, which records exist."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from loader.object_types import singular
from loader.simulator.answers import Call, Reply, envelope, error_item, iso_time, record_id_of
from loader.simulator.api_errors import ApiError, missing_scopes, unknown_type
from loader.simulator.association_types import type_id_of
from loader.simulator.associations import in_types

_MOST_OBJECTS = 100


def details(call: Call) -> Reply:
    """GET account-info/…/details: the account that the token belongs to."""
    settings = call.settings
    offset = datetime.fromtimestamp(call.wall, ZoneInfo(settings.time_zone)).utcoffset() or timedelta()
    body = {
        "portalId": settings.portal_id,
        "accountType": settings.account_type,
        "timeZone": settings.time_zone,
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": _offset_text(offset),
        "utcOffsetMilliseconds": int(offset.total_seconds() * 1000),
        "uiDomain": settings.ui_domain,
        "dataHostingLocation": settings.data_hosting,
    }
    return Reply(200, orjson.dumps(body))


def daily_usage(call: Call) -> Reply:
    """GET account-info/…/api-usage/daily/private-apps: what is left of the day.

    Empty without a daily limit. HubSpot's figure lags; the simulator's does not.
    """
    results: list[dict[str, Any]] = []
    day, settings = call.state.limits.day, call.settings
    if settings.daily_limit is not None:
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": settings.daily_limit,
            "currentUsage": day.used,
            "collectedAt": iso_time(call.wall),
            "fetchStatus": "SUCCESS",
            "resetsAt": iso_time(day.resets_at - settings.reset_delay),
        }
        results.append(usage)
    return Reply(200, orjson.dumps({"results": results}))


def read_objects(call: Call, name: str) -> Reply:
    """POST crm/objects/…/{type}/batch/read: which of up to 100 records exist as that type."""
    object_type = type_id_of(name)
    if object_type is None:
        raise unknown_type(name)
    if in_types(object_type, call.settings.types_without_read_scope):
        raise missing_scopes(object_type, "read")
    at = iso_time(call.wall)
    results: list[dict[str, Any]] = []
    missing: list[str] = []
    for record_id in map(record_id_of, call.inputs(_MOST_OBJECTS)):
        if call.state.exists(object_type, record_id):
            results.append(
                {
                    "id": record_id,
                    "properties": {"hs_object_id": record_id},
                    "createdAt": at,
                    "updatedAt": at,
                    "archived": False,
                }
            )
        else:
            missing.append(record_id)
    errors = [_not_found(call, object_type, missing)] if missing else []
    return Reply(207 if missing else 200, envelope(call, orjson.dumps(results)[1:-1].decode(), errors))


def _not_found(call: Call, object_type: str, record_ids: list[str]) -> dict[str, Any]:
    message = (
        f"Could not get some {singular(object_type).upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return error_item(call, ApiError(404, message, "OBJECT_NOT_FOUND", context={"ids": record_ids}))


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
