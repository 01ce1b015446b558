"""The association endpoints: default by PUT and by batch, batch read, batch archive.

https://developers.hubspot.com/docs/api-reference/crm-associations-v202509/basic/put-crm-objects-2025-09-fromObjectType-fromObjectId-associations-default-toObjectType-toObjectId
If HubSpot's behaviour is unknown, a setting chooses it.
"""

from __future__ import annotations

from typing import Any

import orjson

from loader.object_types import singular
from loader.simulator.answers import (
    BrokenReply,
    Call,
    Reply,
    default_results,
    envelope,
    error_item,
    error_reply,
    record_id_of,
    spec_json,
)
from loader.simulator.api_errors import (
    INVALID_PAIR,
    ApiError,
    missing_records,
    missing_scopes,
    no_default_type,
    record_full,
    unknown_type,
)
from loader.simulator.association_types import BothWays, Ends, default_types, type_id_of
from loader.simulator.faults import carries_out, fault_reply, leaves_out, pair_error
from loader.simulator.magic import Magic

# The most inputs of a batch read (documented) and of a batch associate (found by a third party), and the most
# different `from` records of a batch archive (documented).
_MOST_READ = 1000
_MOST_ASSOCIATED = 2000
_MOST_ARCHIVED = 100

# The answer to a batch archive without errors: status and body by the setting `archive_answer`.
_ARCHIVED = {
    "204": (204, b""),
    "200": (200, b""),
    "202": (202, b""),
    "{}": (200, b"{}"),
    '{"success": false}': (200, b'{"success": false}'),
}


def associate_pair(call: Call, from_name: str, from_id: str, to_name: str, to_id: str) -> Reply | BrokenReply:
    """PUT …/associations/default/…: associate one pair, or answer as its magic ID says."""
    from_type, to_type = types_of(call, from_name, to_name)
    ends = Ends(from_type, from_id, to_type, to_id)
    magic = call.state.due_fault(ends)
    if magic is not None and not carries_out(magic):
        return fault_reply(call, magic, ends)
    body = envelope(call, default_results(ends, _link(call, ends)))
    return fault_reply(call, magic, ends, body) if magic else Reply(200, body)


def associate_batch(call: Call, from_name: str, to_name: str) -> Reply | BrokenReply:
    """POST …/batch/associate/default: associate up to 2,000 pairs.

    The setting `batch_failure` says how bad pairs among good ones are answered. If a magic ID's fault is not
    about its pair alone (500, a reset, …), the whole request meets it.
    """
    from_type, to_type = types_of(call, from_name, to_name)
    good: list[Ends] = []
    bad: list[tuple[Ends, ApiError]] = []
    spoilt: Magic | None = None
    for item in call.inputs(_MOST_ASSOCIATED):
        ends = Ends(from_type, record_id_of(item.get("from")), to_type, record_id_of(item.get("to")))
        magic = call.state.due_fault(ends)
        if magic is None or carries_out(magic):
            spoilt = magic or spoilt
            try:
                _allowed_types(call, ends)
            except ApiError as error:
                bad.append((ends, error))
            else:
                good.append(ends)
        elif refused := pair_error(call, magic, ends):
            bad.append((ends, refused))
        elif not leaves_out(magic):
            return fault_reply(call, magic, ends)
    reply = _batch_reply(call, good, bad)
    return fault_reply(call, spoilt, body=reply.body) if spoilt and reply.status == 200 else reply


def read_batch(call: Call, from_name: str, to_name: str) -> Reply:
    """POST …/batch/read: what up to 1,000 records are associated with, in pages."""
    types = types_of(call, from_name, to_name)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for item in call.inputs(_MOST_READ):
        record_id = record_id_of(item)
        found = _page_of_links(call, types, record_id, item.get("after"))
        results += found
        if not found:
            errors.append(_no_associations(call, types, record_id))
    rendered = orjson.dumps(results)[1:-1].decode()
    return Reply(207 if errors else 200, envelope(call, rendered, errors))


def archive_batch(call: Call, from_name: str, to_name: str) -> Reply:
    """POST …/batch/archive: remove pairs with all their types, for at most 100 `from` records.

    207 with an error for each locked pair; else what the setting `archive_answer` says.
    """
    from_type, to_type = types_of(call, from_name, to_name)
    inputs = call.inputs()
    if len({record_id_of(item.get("from")) for item in inputs}) > _MOST_ARCHIVED:
        raise ApiError(400, f"No more than {_MOST_ARCHIVED} different from records are allowed in a request")
    errors: list[dict[str, Any]] = []
    for item in inputs:
        from_id, to_records = record_id_of(item.get("from")), item.get("to")
        for to in to_records if isinstance(to_records, list) else ():
            ends = Ends(from_type, from_id, to_type, record_id_of(to))
            if call.state.is_locked(ends):
                error = ApiError(400, "This association can't be removed")
                errors.append(error_item(call, error, fromObjectId=from_id, toObjectId=ends.to_id))
            elif call.settings.archive_removes:
                call.state.unlink(ends)
    if errors:
        return Reply(207, envelope(call, "", errors))
    if call.settings.archive_answer == "COMPLETE":
        return Reply(200, envelope(call, ""))
    return Reply(*_ARCHIVED[call.settings.archive_answer])


def types_of(call: Call, from_name: str, to_name: str) -> tuple[str, str]:
    """Both types of a path in canonical form. Raises `ApiError` if one is unknown or out of scope."""
    found = []
    for name in (from_name, to_name):
        object_type = type_id_of(name)
        if object_type is None:
            raise unknown_type(name)
        found.append(object_type)
    for object_type in found:
        if in_types(object_type, call.settings.types_without_scope):
            raise missing_scopes(object_type)
    return found[0], found[1]


def in_types(object_type: str, names: frozenset[str]) -> bool:
    """Whether a canonical type is among types that are named in any form."""
    return bool(names) and object_type in {type_id_of(name) for name in names}


def _is_id(text: str) -> bool:
    return 0 < len(text) < 20 and text.isascii() and text.isdigit()


def _allowed_types(call: Call, ends: Ends) -> BothWays:
    """The types that a default association of this pair has. Raises `ApiError` if there can be none."""
    if not (_is_id(ends.from_id) and _is_id(ends.to_id)):
        raise ApiError(400, "An object ID is not valid")
    state, refused = call.state, call.settings.types_refused
    records = ((ends.from_type, ends.from_id), (ends.to_type, ends.to_id))
    if missing := [pair for pair in records if not state.exists(*pair) or in_types(pair[0], refused)]:
        raise missing_records(missing)
    types = default_types(ends.from_type, ends.to_type)
    if types is None:
        raise no_default_type(ends.from_type, ends.to_type)
    most = call.settings.most_associations
    if most is not None:
        forth = state.linked(ends.from_type, ends.from_id, ends.to_type)
        back = state.linked(ends.to_type, ends.to_id, ends.from_type)
        if ends.to_id not in forth and max(len(forth), len(back)) >= most:
            raise record_full()
    return types


def _link(call: Call, ends: Ends) -> BothWays:
    types = _allowed_types(call, ends)
    call.state.link(ends, types)
    return types


def _batch_reply(call: Call, good: list[Ends], bad: list[tuple[Ends, ApiError]]) -> Reply:
    settings = call.settings
    if bad and settings.batch_failure == "400":
        # without naming a pair: the hardest case for a client
        return error_reply(call, ApiError(400, INVALID_PAIR))
    results: list[str] = []
    for ends in good:
        try:
            results.append(default_results(ends, _link(call, ends)))
        except ApiError as error:  # an earlier pair of this batch has filled the record
            bad.append((ends, error))
    errors = []
    for ends, problem in bad:
        if settings.name_bad_pairs:
            errors.append(error_item(call, problem, fromObjectId=ends.from_id, toObjectId=ends.to_id))
        else:
            errors.append(error_item(call, problem) | {"context": {}})
    status = 207 if bad and settings.batch_failure == "207" else 200
    return Reply(status, envelope(call, ",".join(results), errors))


def _page_of_links(call: Call, types: tuple[str, str], record_id: str, after: object) -> list[dict[str, Any]]:
    """The results with the page of a record's associations at the cursor `after`; [] if it has none."""
    linked = call.state.linked(types[0], record_id, types[1])
    if not linked:
        return []
    start = int(after) if isinstance(after, str) and after.isdigit() else 0
    end = start + call.settings.read_page
    page = [
        {"toObjectId": to_id, "associationTypes": [spec_json(spec) for spec in specs]}
        for to_id, specs in list(linked.items())[start:end]
    ]
    parts = max(1, min(call.settings.read_results, len(page)))
    results: list[dict[str, Any]] = [{"from": {"id": record_id}, "to": page[n::parts]} for n in range(parts)]
    if end < len(linked):
        results[-1]["paging"] = {"next": {"after": str(end), "link": f"?after={end}"}}
    return results


def _no_associations(call: Call, types: tuple[str, str], record_id: str) -> dict[str, Any]:
    """The harmless item about a record without associations, as in live answers."""
    from_name, to_name = singular(types[0]), singular(types[1])
    error = ApiError(
        404,
        f"No {to_name} is associated with {from_name} {record_id}.",
        "OBJECT_NOT_FOUND",
        "crm.associations.NO_ASSOCIATIONS_FOUND",
    )
    return error_item(call, error, fromObjectId=record_id, fromObjectType=from_name, toObjectType=to_name)
