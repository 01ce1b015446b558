"""The association endpoints: default by PUT and by batch, batch read, batch archive, labels.

Where HubSpot's behaviour is unknown, the settings choose. "facts" is the page of what is known about HubSpot.
"""

from __future__ import annotations

from typing import Any

import orjson

from loader.object_types import singular
from loader.simulator.answers import (
    INVALID_PAIR,
    Answer,
    Call,
    Problem,
    WireFault,
    default_results,
    envelope,
    error_item,
    missing_records,
    missing_scopes,
    no_default_type,
    record_full,
    refuse,
    type_json,
    unknown_type,
)
from loader.simulator.faults import fault_answer, refusal
from loader.simulator.inputs import BadInputs, inputs_of, record_id_of
from loader.simulator.magic import WIRE, Magic
from loader.simulator.object_types import BothWays, default_types, type_id_of
from loader.simulator.state import Ends

# Most inputs of a call: read as documented, associate as a third party found, archive by from-record (facts).
_MOST_READ = 1000
_MOST_ASSOCIATED = 2000
_MOST_ARCHIVED = 100


def associate_pair(call: Call, from_name: str, from_id: str, to_name: str, to_id: str) -> Answer | WireFault:
    """PUT …/associations/default/…: associate one pair, or answer as its magic ID asks."""
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    ends = Ends(types[0], from_id, types[1], to_id)
    if (magic := call.state.due_fault(ends)) and not _is_plain_success(magic):
        if _makes(magic):
            _link(call, ends)
        return fault_answer(call, magic, ends)
    linked = _link(call, ends)
    if isinstance(linked, Problem):
        return refuse(call, linked)
    return Answer(magic.status if magic else 200, envelope(call, default_results(ends, linked)))


def associate_batch(call: Call, from_name: str, to_name: str) -> Answer | WireFault:
    """POST …/batch/associate/default: associate up to 2,000 pairs.

    How a bad pair among good ones is answered is `batch_failure`'s to choose. A magic ID whose fault is not
    the pair's own (500, a reset, …) makes the whole request meet it.
    """
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    inputs = inputs_of(call.body, _MOST_ASSOCIATED)
    if isinstance(inputs, BadInputs):
        return refuse(call, Problem(400, inputs.message, "VALIDATION_ERROR"))

    good: list[Ends] = []
    bad: list[tuple[Ends, Problem]] = []
    for item in inputs:
        ends = Ends(types[0], record_id_of(item.get("from")), types[1], record_id_of(item.get("to")))
        magic = call.state.due_fault(ends)
        if magic is None or _is_plain_success(magic):
            allowed = _types_allowed(call, ends)
            if isinstance(allowed, Problem):
                bad.append((ends, allowed))
            else:
                good.append(ends)
        elif magic.blames_pair:
            bad.append((ends, refusal(magic, ends)))
        elif (magic.status, magic.variant) == (200, 2):
            bad.append((ends, Problem(400, INVALID_PAIR, "VALIDATION_ERROR")))
        elif (magic.status, magic.variant) != (200, 1):
            return fault_answer(call, magic, ends)
    return _batch_answer(call, good, bad)


def read_batch(call: Call, from_name: str, to_name: str) -> Answer:
    """POST …/batch/read: what up to 1,000 records are associated with, in pages."""
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    inputs = inputs_of(call.body, _MOST_READ)
    if isinstance(inputs, BadInputs):
        return refuse(call, Problem(400, inputs.message, "VALIDATION_ERROR"))
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for item in inputs:
        record_id = record_id_of(item)
        page = _page_of_links(call, types, record_id, item.get("after"))
        if page is None:
            errors.append(_no_associations(types, record_id))
        else:
            results.append(page)
    rendered = orjson.dumps(results)[1:-1].decode()
    return Answer(207 if errors else 200, envelope(call, rendered, errors))


def archive_batch(call: Call, from_name: str, to_name: str) -> Answer:
    """POST …/batch/archive: remove pairs with every type that they have, of at most 100 from-records."""
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    inputs = inputs_of(call.body)
    if isinstance(inputs, BadInputs):
        return refuse(call, Problem(400, inputs.message, "VALIDATION_ERROR"))
    if len({record_id_of(item.get("from")) for item in inputs}) > _MOST_ARCHIVED:
        message = f"No more than {_MOST_ARCHIVED} different from records are allowed in a request"
        return refuse(call, Problem(400, message, "VALIDATION_ERROR"))
    for item in inputs:
        from_id, to_records = record_id_of(item.get("from")), item.get("to")
        for to in to_records if isinstance(to_records, list) else ():
            call.state.unlink(Ends(types[0], from_id, types[1], record_id_of(to)))
    return Answer(204)


def labels(call: Call, from_name: str, to_name: str) -> Answer:
    """GET …/labels: the types from one object type to another; the default one's label is null."""
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    default = default_types(*types)
    kinds = [*(default.forth if default else ()), *call.state.labels.get(types, {}).values()]
    return Answer(200, orjson.dumps({"results": [type_json(kind) for kind in kinds]}))


def configurations(call: Call, from_name: str, to_name: str) -> Answer:
    """GET …/definitions/configurations/…: how many records the account's admins allow per type."""
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    default, most = default_types(*types), call.settings.configured_associations
    kinds = default.forth if default and most is not None else ()
    results = [type_json(kind) | {"userEnforcedMaxToObjectIds": most} for kind in kinds]
    return Answer(200, orjson.dumps({"results": results}))


def association_limit(call: Call, from_name: str, to_name: str) -> Answer:
    """GET …/limits/associations/records/…: how many records HubSpot allows, and how many are at that limit.

    Without `max_associations` it is not there (404), as it is not in every API version.
    """
    types = _types_of(call, from_name, to_name)
    if isinstance(types, Problem):
        return refuse(call, types)
    most = call.settings.max_associations
    if most is None:
        return refuse(call, Problem(404, "resource not found", "OBJECT_NOT_FOUND"))
    full = call.state.count_full(*types, most)
    body = {
        "limit": most,
        "totalRecordsAtLimit": full,
        "totalRecordsNearLimit": 0,
        "atLimitFromRecordSamples": [],
        "nearLimitFromRecordSamples": [],
    }
    return Answer(200, orjson.dumps(body))


def _types_of(call: Call, from_name: str, to_name: str) -> tuple[str, str] | Problem:
    """Both types in canonical form, or why this token can't use them."""
    from_type, to_type = type_id_of(from_name), type_id_of(to_name)
    if from_type is None:
        return unknown_type(from_name)
    if to_type is None:
        return unknown_type(to_name)
    if call.settings.types_without_scope:
        closed = {type_id_of(name) for name in call.settings.types_without_scope}
        for object_type in (from_type, to_type):
            if object_type in closed:
                return missing_scopes(object_type)
    return from_type, to_type


def _is_id(text: str) -> bool:
    return 0 < len(text) < 20 and text.isascii() and text.isdigit()


def _is_plain_success(magic: Magic) -> bool:
    return magic.status in (200, 201) and magic.variant == 0


def _makes(magic: Magic) -> bool:
    """Whether the association is made although the answer is spoilt."""
    if magic.status in WIRE:
        return magic.variant == 1
    return magic.status < 300 and magic.variant in (0, 6, 7, 8, 9)


def _types_allowed(call: Call, ends: Ends) -> BothWays | Problem:
    """The types that a default association of this pair has, or why there can be none."""
    if not (_is_id(ends.from_id) and _is_id(ends.to_id)):
        return Problem(400, "An object ID is not valid", "VALIDATION_ERROR")
    state = call.state
    records = ((ends.from_type, ends.from_id), (ends.to_type, ends.to_id))
    if missing := [record for record in records if not state.exists(*record)]:
        return missing_records(missing)
    types = default_types(ends.from_type, ends.to_type)
    if types is None:
        return no_default_type(ends.from_type, ends.to_type)
    most = call.settings.most_associations
    if most is not None:
        forth = state.linked(ends.from_type, ends.from_id, ends.to_type)
        back = state.linked(ends.to_type, ends.to_id, ends.from_type)
        if ends.to_id not in forth and max(len(forth), len(back)) >= most:
            return record_full()
    return types


def _link(call: Call, ends: Ends) -> BothWays | Problem:
    types = _types_allowed(call, ends)
    if not isinstance(types, Problem):
        call.state.link(ends, types)
    return types


def _batch_answer(call: Call, good: list[Ends], bad: list[tuple[Ends, Problem]]) -> Answer:
    settings = call.settings
    if bad and settings.batch_failure == "400":
        # without a word about which: the hardest case for whoever has to find out
        return refuse(call, Problem(400, INVALID_PAIR, "VALIDATION_ERROR"))
    results: list[str] = []
    for ends in good:
        linked = _link(call, ends)
        if isinstance(linked, Problem):  # an earlier pair of this batch has filled the record
            bad.append((ends, linked))
        else:
            results.append(default_results(ends, linked))
    errors = [
        error_item(problem, fromObjectId=ends.from_id, toObjectId=ends.to_id)
        if settings.name_bad_pairs
        else error_item(problem._replace(context=None))
        for ends, problem in bad
    ]
    status = 207 if bad and settings.batch_failure == "207" else 200
    return Answer(status, envelope(call, ",".join(results), errors))


def _page_of_links(
    call: Call, types: tuple[str, str], record_id: str, after: object
) -> dict[str, Any] | None:
    """One page of a record's associations, beginning after the cursor; None if it has none."""
    linked = call.state.linked(types[0], record_id, types[1])
    if not linked:
        return None
    start = int(after) if isinstance(after, str) and after.isdigit() else 0
    end = start + call.settings.read_page
    page: dict[str, Any] = {
        "from": {"id": record_id},
        "to": [
            {"toObjectId": to_id, "associationTypes": [type_json(kind) for kind in kinds]}
            for to_id, kinds in list(linked.items())[start:end]
        ],
    }
    if end < len(linked):
        page["paging"] = {"next": {"after": str(end), "link": f"?after={end}"}}
    return page


def _no_associations(types: tuple[str, str], record_id: str) -> dict[str, Any]:
    """The harmless item about a record without associations (facts: live)."""
    from_name, to_name = singular(types[0]), singular(types[1])
    problem = Problem(
        404,
        f"No {to_name} is associated with {from_name} {record_id}.",
        "OBJECT_NOT_FOUND",
        "crm.associations.NO_ASSOCIATIONS_FOUND",
    )
    return error_item(problem, fromObjectId=record_id, fromObjectType=from_name, toObjectType=to_name)
