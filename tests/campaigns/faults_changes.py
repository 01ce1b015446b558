"""What a faulty server changes in the JSON of a true answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

import orjson

from loader.simulator.answers import Reply

Answer: TypeAlias = Callable[[Reply, Random], Reply]
_Change: TypeAlias = Callable[[dict[str, Any], Random], object]


def of_document(change: _Change) -> Answer:
    """A way to answer with a changed document; a refusal, and what is no JSON object, stays as it is."""

    def answer(reply: Reply, random: Random) -> Reply:
        document = orjson.loads(reply.body) if reply.body else None
        if not isinstance(document, dict) or reply.status >= 300:
            return reply
        change(document, random)
        return reply._replace(body=orjson.dumps(document))

    return answer


def of_results(change: Callable[[list[Any], Random], list[Any]]) -> Answer:
    """A way to answer with changed results."""

    def changed(document: dict[str, Any], random: Random) -> None:
        if isinstance(results := document.get("results"), list):
            document["results"] = change(results, random)

    return of_document(changed)


def in_two_results(results: list[Any], random: Random) -> list[Any]:
    """Each record of a batch read in two results, the page's end in one of them."""
    parts: list[Any] = []
    for result in results:
        entries = result.get("to") if isinstance(result, dict) else None
        if not isinstance(entries, list) or len(entries) < 2:
            parts.append(result)
            continue
        middle = random.randrange(1, len(entries))
        halves = [{"from": result["from"], "to": entries[:middle]}, {**result, "to": entries[middle:]}]
        parts += random.sample(halves, 2)
    return parts


def some_results(results: list[Any], random: Random) -> list[Any]:
    """Some results left out: one direction of a pair, or both."""
    return [result for result in results if random.random() < 0.6]


def some_records(results: list[Any], random: Random) -> list[Any]:
    """Some records left out, each with all its results."""
    records = sorted({result["from"]["id"] for result in results})
    left_out = random.sample(records, len(records) // 3 + bool(records))
    return [result for result in results if result["from"]["id"] not in left_out]


def junk_added(results: list[Any], random: Random) -> list[Any]:
    """Among the results some that are none."""
    junk: list[Any] = [None, 5, "x", [], {}, {"from": None}, {"from": {"id": None}}, {"from": {"id": True}}]
    return random.sample([*results, *random.sample(junk, 2)], len(results) + 2)


def more_errors(document: dict[str, Any], random: Random) -> None:
    """Errors counted that are not listed."""
    counted = document.get("numErrors")
    document["numErrors"] = (counted if isinstance(counted, int) else 0) + random.choice([1, 5])
    if random.random() < 0.3:
        document["numErrors"] = str(document["numErrors"])


def fewer_errors(document: dict[str, Any], random: Random) -> None:
    """Some errors counted and not listed."""
    if isinstance(errors := document.get("errors"), list) and errors:
        document["numErrors"] = len(errors)
        document["errors"] = random.sample(errors, random.randrange(len(errors)))


def no_errors(document: dict[str, Any], _: Random) -> None:
    """The errors left out."""
    for name in ("errors", "numErrors"):
        document.pop(name, None)


def other_sub_category(document: dict[str, Any], random: Random) -> None:
    """The `subCategory` of each error in another form."""
    for error in document.get("errors") or ():
        if isinstance(name := error.get("subCategory"), str):
            error["subCategory"] = random.choice([{"name": name}, {"value": name}, {name: {}}, [name]])


def without_context(document: dict[str, Any], random: Random) -> None:
    """Errors that do not say what they are about."""
    for error in document.get("errors") or ():
        error["context"] = random.choice([{}, None, "x", [], {"unknown": ["5"]}])


def other_state(*names: object) -> Answer:
    """A way to answer that the batch is in one of these states."""
    return of_document(lambda document, random: document.update(status=random.choice(names)))


def ids_as_numbers(reply: Reply, _: Random) -> Reply:
    """IDs as numbers instead of texts."""
    return reply._replace(body=re.sub(rb'"(id|toObjectId)":"(\d+)"', rb'"\1":\2', reply.body))


def cursors_in_a_circle(document: dict[str, Any], random: Random) -> None:
    """A next page for each record: one that has been read, or none that can be."""
    for result in document.get("results") or ():
        if isinstance(result, dict) and "to" in result:
            after = random.choice(["0", "1", 0, None, "", {"x": 1}])
            result["paging"] = {"next": {"after": after, "link": "?"}}


def spoilt_entries(document: dict[str, Any], random: Random) -> None:
    """Entries of a batch read that say too little to be read."""
    for result in document.get("results") or ():
        if isinstance(result, dict) and isinstance(result.get("to"), list) and random.random() < 0.5:
            result["to"] = random.choice([None, {}, "x", [*result["to"], None], [*result["to"][1:], {}]])
