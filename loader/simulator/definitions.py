"""The endpoints about what may be associated: labels, configured limits, association limits."""

from __future__ import annotations

import orjson

from loader.simulator.answers import Call, Reply, spec_json
from loader.simulator.api_errors import ApiError
from loader.simulator.association_types import default_types
from loader.simulator.associations import types_of


def labels(call: Call, from_name: str, to_name: str) -> Reply:
    """GET …/labels: the association types between two object types; the default one's label is null."""
    types = types_of(call, from_name, to_name)
    default = default_types(*types)
    specs = [*(default.forth if default else ()), *call.state.labels.get(types, {}).values()]
    return Reply(200, orjson.dumps({"results": [spec_json(spec) for spec in specs]}))


def configurations(call: Call, from_name: str, to_name: str) -> Reply:
    """GET …/definitions/configurations/…: how many associations the account's admins allow per type."""
    types = types_of(call, from_name, to_name)
    default, most = default_types(*types), call.settings.configured_associations
    specs = default.forth if default and most is not None else ()
    results = [spec_json(spec) | {"userEnforcedMaxToObjectIds": most} for spec in specs]
    return Reply(200, orjson.dumps({"results": results}))


def association_limit(call: Call, from_name: str, to_name: str) -> Reply:
    """GET …/limits/associations/records/…: how many records HubSpot allows, and how many have reached that.

    404 without the setting `max_associations`, since not every API version has this endpoint.
    """
    types = types_of(call, from_name, to_name)
    most = call.settings.max_associations
    if most is None:
        raise ApiError(404, "resource not found", "OBJECT_NOT_FOUND")
    body = {
        "limit": most,
        "totalRecordsAtLimit": call.state.count_full(*types, most),
        "totalRecordsNearLimit": 0,
        "atLimitFromRecordSamples": [],
        "nearLimitFromRecordSamples": [],
    }
    return Reply(200, orjson.dumps(body))
