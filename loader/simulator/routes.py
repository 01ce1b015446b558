"""Which endpoint a request is for. Any API version in a path is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from loader.simulator import account, associations, definitions
from loader.simulator.answers import BrokenReply, Call, Reply
from loader.simulator.api_errors import ApiError


class Route(NamedTuple):
    """An endpoint, and the parts of the path that are its arguments.

    name: the key in `SimulatorState.calls`.
    exempt: whether the specification exempts it from the ten-second limit.
    """

    name: str
    method: str
    endpoint: Callable[..., Reply | BrokenReply]
    parts: tuple[str, ...] = ()
    exempt: bool = False


def find_route(method: str, path: str) -> Route:
    """The endpoint for a path without its query; one that answers 404 or 405 if there is none."""
    segments = path.split("/")[1:]
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    route = _match(segments)
    if route is None:
        return Route("unknown", method, _not_found)
    if route.method != method:
        return route._replace(name="wrong method", endpoint=_wrong_method, parts=())
    return route


def oauth_version(path: str) -> str | None:
    """The version in the path of the OAuth token endpoint; None for any other path."""
    match path.split("/"):
        case ["", "oauth", version, "token"]:
            return version
        case _:
            return None


def _match(segments: list[str]) -> Route | None:
    match segments:
        case ["crm", "objects", _, from_type, from_id, "associations", "default", to_type, to_id]:
            pair = (from_type, from_id, to_type, to_id)
            return Route("associate", "PUT", associations.associate_pair, pair)
        case ["crm", "associations", _, from_type, to_type, "batch", "associate", "default"]:
            types = (from_type, to_type)
            return Route("batch associate", "POST", associations.associate_batch, types, exempt=True)
        case ["crm", "associations", _, from_type, to_type, "batch", "read"]:
            return Route("batch read", "POST", associations.read_batch, (from_type, to_type), exempt=True)
        case ["crm", "associations", _, from_type, to_type, "batch", "archive"]:
            types = (from_type, to_type)
            return Route("batch archive", "POST", associations.archive_batch, types, exempt=True)
        case ["crm", "associations", _, from_type, to_type, "labels"]:
            return Route("labels", "GET", definitions.labels, (from_type, to_type))
        case ["crm", "associations", _, "definitions", "configurations", from_type, to_type]:
            return Route("configurations", "GET", definitions.configurations, (from_type, to_type))
        case ["crm", "v3", "limits", "associations", "records", from_type, to_type] | [
            "crm",
            "limits",
            _,
            "associations",
            "records",
            from_type,
            to_type,
        ]:
            return Route("association limit", "GET", definitions.association_limit, (from_type, to_type))
        case ["crm", "objects", _, object_type, "batch", "read"]:
            return Route("read objects", "POST", account.read_objects, (object_type,))
        case ["account-info", _, "details"]:
            return Route("account", "GET", account.details)
        case ["account-info", _, "api-usage", "daily", "private-apps"]:
            return Route("usage", "GET", account.daily_usage)
        case _:
            return None


def _not_found(_: Call) -> Reply:
    raise ApiError(404, "resource not found", "OBJECT_NOT_FOUND")


def _wrong_method(_: Call) -> Reply:
    raise ApiError(405, "HTTP 405 Method Not Allowed", "METHOD_NOT_ALLOWED")
