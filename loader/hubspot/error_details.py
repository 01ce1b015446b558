"""The error objects of an answer as text for a report: their message, their JSON, their scopes.

The fields are those of HubSpot's OpenAPI (`Error`, `StandardError`, `ErrorDetail`) and `policyName` and
`errorType` of the rate limiter (live). Each may be missing, or of another type.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import orjson

from loader.hubspot.envelope import context_texts, error_objects
from loader.text import one_line

#: The fields of an error object that are kept, in the order in which they are shown.
FIELDS = (
    "status",
    "category",
    "subCategory",
    "code",
    "in",
    "message",
    "id",
    "policyName",
    "errorType",
    "links",
    "context",
)
_SCOPE_KEYS = ("requiredscopes", "requiredgranularscopes", "missingscopes")
_MOST_SCOPES = 20

LONGEST_DETAILS = 8192  #: characters of one row's `error_details`
LONGEST_MESSAGE = 1000  #: characters of one row's `error_message`

#: How much of a nested value is kept: (items, characters, levels). Tried in turn until the details fit.
_PRUNINGS = ((50, 2000, 6), (10, 300, 4), (3, 100, 3))

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def json_line(value: object, longest: int = LONGEST_MESSAGE) -> str:
    """A JSON value on one line: a text as it is, anything else as JSON; '' for an empty value."""
    if value in (None, "", [], {}):
        return ""
    text = value if isinstance(value, str) else orjson.dumps(_pruned(value, _PRUNINGS[0])).decode()
    return one_line(text, longest)


def error_fields(document: dict[str, Any], pruning: tuple[int, int, int] = _PRUNINGS[0]) -> dict[str, Any]:
    """The known fields of an error object and of its nested `errors`, without those that are empty."""
    items, characters, levels = pruning
    fields = {
        name: _pruned(document[name], pruning)
        for name in FIELDS
        if document.get(name) not in (None, "", [], {})
    }
    if levels > 0 and (nested := error_objects(document)[:items]):
        fields["errors"] = [error_fields(item, (items, characters, levels - 1)) for item in nested]
    return fields


def details(documents: list[dict[str, Any]]) -> str:
    """Error objects as a compact JSON array, shortened if it is too long and always valid; '' for none."""
    for pruning in _PRUNINGS:
        kept = [fields for item in documents[: pruning[0]] if (fields := error_fields(item, pruning))]
        text = orjson.dumps(kept).decode() if kept else ""
        if len(text) <= LONGEST_DETAILS:
            return text
    first = {name: json_line(kept[0].get(name), 300) for name in ("status", "category", "message")}
    return orjson.dumps([{name: text for name, text in first.items() if text}]).decode()


def scopes(document: dict[str, Any]) -> list[str]:
    """The scopes that a MISSING_SCOPES answer names, in its `context` or in that of its errors, each once."""
    holders = (document, *error_objects(document))
    names = [name for holder in holders for name in context_texts(holder, *_SCOPE_KEYS)]
    return list(dict.fromkeys(one_line(name, 100) for name in names))[:_MOST_SCOPES]


def page_text(body: bytes) -> str:
    """The title of a web page, or the beginning of its text without the tags, on one line."""
    text = body[:16384].decode("utf-8", "replace")
    title = _TITLE.search(text)
    return one_line(title[1] if title and title[1].strip() else _UNSEEN.sub(" ", text), 200)


def _pruned(value: Any, pruning: tuple[int, int, int]) -> Any:
    """A JSON value cut down to these numbers of items, characters and levels."""
    items, characters, levels = pruning
    if isinstance(value, str):
        return value if len(value) <= characters else value[: characters - 1] + "…"
    if not isinstance(value, dict | list):
        return value
    if levels <= 0:
        return "…"
    deeper = (items, characters, levels - 1)
    if isinstance(value, dict):
        return {key[:100]: _pruned(inner, deeper) for key, inner in islice(value.items(), items)}
    return [_pruned(inner, deeper) for inner in value[:items]]
