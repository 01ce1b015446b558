"""The endpoints around the associations: account, usage, records, OAuth."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import orjson

from loader.object_types import singular
from loader.simulator.answers import (
    Answer,
    Call,
    Problem,
    envelope,
    error_item,
    iso_time,
    refuse,
    unknown_type,
)
from loader.simulator.inputs import BadInputs, inputs_of, record_id_of
from loader.simulator.object_types import type_id_of

_MOST_OBJECTS = 100


def details(call: Call) -> Answer:
    """GET account-info/…/details: whose account the token opens."""
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
    return Answer(200, orjson.dumps(body))


def daily_usage(call: Call) -> Answer:
    """GET account-info/…/api-usage/daily/private-apps: what is left of the day.

    Empty without a daily limit. HubSpot's figure lags; the simulator's does not.
    """
    results: list[dict[str, Any]] = []
    day = call.state.limits.day
    if call.settings.daily_limit is not None:
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": call.settings.daily_limit,
            "currentUsage": day.used,
            "collectedAt": iso_time(call.wall),
            "fetchStatus": "SUCCESS",
            "resetsAt": iso_time(day.resets_at),
        }
        results.append(usage)
    return Answer(200, orjson.dumps({"results": results}))


def read_objects(call: Call, name: str) -> Answer:
    """POST crm/objects/…/{type}/batch/read: which of up to 100 records exist as that type."""
    object_type = type_id_of(name)
    if object_type is None:
        return refuse(call, unknown_type(name))
    inputs = inputs_of(call.body, _MOST_OBJECTS)
    if isinstance(inputs, BadInputs):
        return refuse(call, Problem(400, inputs.message, "VALIDATION_ERROR"))
    at = iso_time(call.wall)
    results: list[dict[str, Any]] = []
    missing: list[str] = []
    for record_id in map(record_id_of, inputs):
        if call.state.exists(object_type, record_id):
            properties = {"hs_object_id": record_id}
            results.append(
                {
                    "id": record_id,
                    "properties": properties,
                    "createdAt": at,
                    "updatedAt": at,
                    "archived": False,
                }
            )
        else:
            missing.append(record_id)
    errors = [_not_found(object_type, missing)] if missing else []
    return Answer(207 if missing else 200, envelope(call, orjson.dumps(results)[1:-1].decode(), errors))


def grant_token(call: Call) -> tuple[Answer, str | None]:
    """POST oauth/…/token: an access token for a refresh token; the answer, and the token if one was given."""
    form = parse_qs(call.body.decode("utf-8", "replace"))
    if form.get("grant_type") != ["refresh_token"]:
        return _refuse_grant(call, "BAD_GRANT_TYPE", "the grant type must be refresh_token"), None
    if not (form.get("client_id") and form.get("client_secret")):
        return _refuse_grant(call, "BAD_CLIENT_ID", "missing or unknown client ID or secret"), None
    refresh_token = form.get("refresh_token", [""])[0]
    accepted = call.settings.refresh_tokens
    if not refresh_token or (accepted is not None and refresh_token not in accepted):
        return _refuse_grant(call, "BAD_REFRESH_TOKEN", "missing or invalid refresh token"), None
    token = secrets.token_urlsafe(32)
    body = {
        "token_type": "bearer",
        "access_token": token,
        "refresh_token": refresh_token,
        "expires_in": int(call.settings.token_lifetime),
    }
    return Answer(200, orjson.dumps(body)), token


def _refuse_grant(call: Call, status: str, message: str) -> Answer:
    body = {"status": status, "message": message, "correlationId": call.correlation_id}
    return Answer(400, orjson.dumps(body))


def _not_found(object_type: str, record_ids: list[str]) -> dict[str, Any]:
    message = (
        f"Could not get some {singular(object_type).upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return error_item(Problem(404, message, "OBJECT_NOT_FOUND", context={"ids": record_ids}))


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
