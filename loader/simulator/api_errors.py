"""HubSpot's errors, in the words of live answers. A comment says so if the words are not HubSpot's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loader.object_types import STANDARD_TYPES, plural, singular
from loader.simulator.limits import DAILY, TEN_SECONDLY

INVALID_PAIR = "One or more associations are invalid"


@dataclass(eq=False)
class ApiError(Exception):
    """A request, or one pair of a batch, is refused. Raised by endpoints; the server turns it into an answer.

    status: HTTP status of the answer.
    category, sub_category: None if the answer has none.
    context: lists of strings by name.
    details: the specification's `ErrorDetail` objects, under `errors` in the answer.
    more: further top-level fields of the answer.
    """

    status: int
    message: str
    category: str | None = "VALIDATION_ERROR"
    sub_category: str | None = None
    context: Mapping[str, list[str]] | None = None
    details: Sequence[Mapping[str, Any]] = ()
    more: Mapping[str, str] = field(default_factory=dict)


def missing_records(records: Iterable[tuple[str, str]]) -> ApiError:
    """These records (type, ID) do not exist."""
    invalid = [f"{singular(kind).upper()}={record_id} is not valid" for kind, record_id in records]
    return ApiError(400, INVALID_PAIR, context={"INVALID_OBJECT_IDS": invalid})


def unknown_type(name: str) -> ApiError:
    """HubSpot does not know this object type: an error without a category."""
    return ApiError(400, f"Unable to infer object type from: {name}", category=None)


def missing_scopes(object_type: str, access: str = "write") -> ApiError:
    """The token lacks the scope to read or write records of a canonical type."""
    name = plural(object_type) if object_type in STANDARD_TYPES else "custom"
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes."
    )
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [f"crm.objects.{name}.{access}"]},
    }
    return ApiError(403, message, "MISSING_SCOPES", details=[detail])


def no_default_type(from_type: str, to_type: str) -> ApiError:
    """Two canonical types have no default association (HubSpot's words are unknown)."""
    names = f"{singular(from_type)} and {singular(to_type)}"
    return ApiError(400, f"There is no default association type between {names}")


def record_full() -> ApiError:
    """A record has reached the association limit (HubSpot's words are unknown)."""
    return ApiError(400, "The record has reached its limit of associated records")


def bad_token() -> ApiError:
    """There is no token, or it is not accepted."""
    return ApiError(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")


def expired_token() -> ApiError:
    """An OAuth access token has outlived its lifetime."""
    return ApiError(401, "The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION")


def over_limit(policy: str) -> ApiError:
    """A limit is exceeded: `TEN_SECONDLY`, `DAILY`, or the older ``SECONDLY``, which has no category."""
    category = "RATE_LIMITS" if policy in (TEN_SECONDLY, DAILY) else None
    more = {"errorType": "RATE_LIMIT", "policyName": policy}
    return ApiError(429, f"You have reached your {policy.lower()} limit.", category, more=more)


def other_data_centre(portal_id: int) -> ApiError:
    """The account lives in another data centre."""
    message = f"Hub {portal_id} is unknown to this Hublet, but it appears to exist in Hublet eu1"
    return ApiError(488, message, category=None, more={"correctHublet": "eu1"})
