"""The error objects of an answer: untyped, and every field may be missing or of another type.

Their fields are those of HubSpot's OpenAPI (`Error`, `StandardError`, `ErrorDetail`) and the rate limiter's
`policyName` and `errorType` (seen on real accounts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

#: What an error object of the report keeps, in the order in which it shows it.
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
_SCOPE_LISTS = ("requiredScopes", "requiredGranularScopes", "missingScopes")

LONGEST_DETAILS = 8192  #: characters of one row's `error_details`
LONGEST_MESSAGE = 1000  #: characters of one row's `error_message`

#: How much of a nested value is kept, tried in turn until the details fit: (items, characters, levels).
_PRUNINGS = ((50, 2000, 6), (10, 300, 4), (3, 100, 3))

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def one_line(text: object, longest: int = LONGEST_MESSAGE) -> str:
    """`text` on one line of at most `longest` characters, without anything that does not print."""
    words = str(text)[: 4 * longest].split()
    line = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(words))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def error_objects(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a batch answer's `errors`, each as an object whatever the server made of it."""
    errors = document.get("errors")
    if not errors:
        return []
    items = errors if isinstance(errors, list) else [errors]
    return [item if isinstance(item, dict) else {"message": item} for item in items]


def error_fields(document: dict[str, Any], pruning: tuple[int, int, int] = _PRUNINGS[0]) -> dict[str, Any]:
    """The known fields of an error object and of its nested `errors`, without what is empty."""
    items, _, levels = pruning
    fields = {
        name: _pruned(document[name], pruning)
        for name in FIELDS
        if document.get(name) not in (None, "", [], {})
    }
    if levels > 0 and (nested := error_objects(document)[:items]):
        fields["errors"] = [error_fields(item, (items, pruning[1], levels - 1)) for item in nested]
    return fields


def details(documents: list[dict[str, Any]]) -> str:
    """Error objects as a compact JSON array, shortened where it must be and always valid; '' for none."""
    for pruning in _PRUNINGS:
        kept = [fields for item in documents[: pruning[0]] if (fields := error_fields(item, pruning))]
        text = orjson.dumps(kept).decode() if kept else ""
        if len(text) <= LONGEST_DETAILS:
            return text
    first = {
        name: one_line(kept[0][name], 300) for name in ("status", "category", "message") if name in kept[0]
    }
    return orjson.dumps([first]).decode()


def scopes(document: dict[str, Any]) -> list[str]:
    """The scopes that a MISSING_SCOPES answer names, in `context` or in its errors' `context`, each once."""
    found: dict[str, None] = {}
    for holder in (document, *error_objects(document)):
        context = holder.get("context")
        if not isinstance(context, dict):
            continue
        for names in (context.get(key) for key in _SCOPE_LISTS):
            found |= dict.fromkeys(one_line(name, 100) for name in _listed(names) if isinstance(name, str))
    return list(found)[:20]


def page_words(body: bytes) -> str:
    """What a page that is no JSON says, on one line: its title, or its first words without the tags."""
    text = body[:16384].decode("utf-8", "replace")
    title = _TITLE.search(text)
    return one_line(title[1] if title and title[1].strip() else _UNSEEN.sub(" ", text), 200)


def _listed(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list) else (value,)


def _pruned(value: Any, pruning: tuple[int, int, int]) -> Any:
    """A JSON value cut down to so many items, characters and levels: the server decides how deep it nests."""
    items, characters, levels = pruning
    if isinstance(value, str):
        return value if len(value) <= characters else value[: characters - 1] + "…"
    if not isinstance(value, dict | list):
        return value
    if levels <= 0:
        return "…"
    deeper = (items, characters, levels - 1)
    if isinstance(value, dict):
        return {key[:100]: _pruned(value[key], deeper) for key in _first(value, items)}
    return [_pruned(item, deeper) for item in _first(value, items)]


def _first(values: Iterable[Any], count: int) -> Iterator[Any]:
    yield from (value for value, _ in zip(values, range(count), strict=False))
