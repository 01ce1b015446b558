"""Which endpoint a request is for. The version in a path is not looked at: any will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from loader.simulator import account, associations
from loader.simulator.answers import Answer, Call, Problem, WireFault, refuse


class Route(NamedTuple):
    """An endpoint and the parts of the path that it takes.

    `exempt`: the specification takes it out of the ten-second limit.
    """

    name: str
    method: str
    endpoint: Callable[..., Answer | WireFault]
    parts: tuple[str, ...] = ()
    exempt: bool = False


def find(method: str, path: str) -> Route:
    """The endpoint for a path (without its query); one that answers 404 or 405 where there is none."""
    segments = path.split("/")[1:]
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    route = _known(segments)
    if route is None:
        return Route("unknown", method, _not_found)
    if route.method != method:
        return route._replace(name="wrong method", endpoint=_wrong_method, parts=())
    return route


def is_token_endpoint(path: str) -> bool:
    """Whether a request asks for an access token, and so comes without one."""
    return path.startswith("/oauth/") and path.endswith("/token")


def _known(segments: list[str]) -> Route | None:
    match segments:
        case ["crm", "objects", _, from_type, from_id, "associations", "default", to_type, to_id]:
            parts = (from_type, from_id, to_type, to_id)
            return Route("associate", "PUT", associations.associate_pair, parts)
        case ["crm", "associations", _, from_type, to_type, "batch", "associate", "default"]:
            ends = (from_type, to_type)
            return Route("batch associate", "POST", associations.associate_batch, ends, exempt=True)
        case ["crm", "associations", _, from_type, to_type, "batch", "read"]:
            return Route("batch read", "POST", associations.read_batch, (from_type, to_type), exempt=True)
        case ["crm", "associations", _, from_type, to_type, "batch", "archive"]:
            return Route(
                "batch archive", "POST", associations.archive_batch, (from_type, to_type), exempt=True
            )
        case ["crm", "associations", _, from_type, to_type, "labels"]:
            return Route("labels", "GET", associations.labels, (from_type, to_type))
        case ["crm", "associations", _, "definitions", "configurations", from_type, to_type]:
            return Route("configurations", "GET", associations.configurations, (from_type, to_type))
        case ["crm", "v3", "limits", "associations", "records", from_type, to_type]:
            return Route("association limit", "GET", associations.association_limit, (from_type, to_type))
        case ["crm", "limits", _, "associations", "records", from_type, to_type]:
            return Route("association limit", "GET", associations.association_limit, (from_type, to_type))
        case ["crm", "objects", _, object_type, "batch", "read"]:
            return Route("read objects", "POST", account.read_objects, (object_type,))
        case ["account-info", _, "details"]:
            return Route("account", "GET", account.details)
        case ["account-info", _, "api-usage", "daily", "private-apps"]:
            return Route("usage", "GET", account.daily_usage)
        case _:
            return None


def _not_found(call: Call) -> Answer:
    return refuse(call, Problem(404, "resource not found", "OBJECT_NOT_FOUND"))


def _wrong_method(call: Call) -> Answer:
    return refuse(call, Problem(405, "HTTP 405 Method Not Allowed", "METHOD_NOT_ALLOWED"))
