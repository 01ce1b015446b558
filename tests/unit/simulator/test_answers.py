"""The shape of every answer by HubSpot's OpenAPI file."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from loader.simulator import SimulatorSettings
from tests.support.openapi import violations
from tests.support.simulator_client import Client, against

READ_BOTH = "BatchResponsePublicAssociationMultiWithLabel"
READ = READ_BOTH + "WithErrors"
#: Fields of live answers that the specification lacks, or types otherwise.
LIVE = {
    "Error: status is unknown",
    "Error: errorType is unknown",
    "Error: policyName is unknown",
    "Error: correctHublet is unknown",
    "Error: category is missing",  # live: unknown types, SECONDLY, another data centre
}


@pytest.mark.parametrize("sub_category", ["object", "string"])
def test_answers_have_the_shape_of_the_specification(sub_category: Literal["string", "object"]) -> None:
    seen: dict[str, int] = {}

    def check(body: Any, schema: str) -> None:
        found = {text for text in violations(body, schema) if text not in LIVE and "label: None" not in text}
        if sub_category == "string":  # as in live answers
            found = {text for text in found if "subCategory" not in text}
        assert not found
        seen[schema] = seen.get(schema, 0) + 1

    async def story(client: Client) -> None:
        default = "BatchResponsePublicDefaultAssociation"
        check((await client.put("1", "2")).json, default)
        for record_id in (
            "9000200100001",
            "9000200200001",
            "9000200300001",
            "9000200400001",
            "9000200500001",
        ):
            check((await client.put(record_id, "2")).json, default)
        check(
            (await client.associate(("1", "2"), ("9000404000001", "2"), ("9000403000001", "2"))).json, default
        )
        client.state.associate("contacts", "1", "companies", "2", label="Billing")
        client.state.associate("contacts", "1", "companies", "3")
        check((await client.batch("read", [{"id": "1"}])).json, READ_BOTH)
        check((await client.batch("read", [{"id": "1"}, {"id": "5"}])).json, READ)
        client.state.lock("contacts", "1", "companies", "2")
        inputs = [{"from": {"id": "1"}, "to": [{"id": "2"}]}]
        check((await client.batch("archive", inputs)).json, "BatchResponse")
        check(
            (await client.batch("archive", [{"from": {"id": "1"}, "to": [{"id": "3"}]}])).json,
            "BatchResponse",
        )
        labels = await client.call("GET", "/crm/associations/2025-09/contacts/companies/labels")
        for spec in labels.json["results"]:
            check(spec, "AssociationSpecWithLabel")
        records = await client.call(
            "POST", "/crm/objects/2025-09/contacts/batch/read", json={"inputs": [{"id": "1"}]}
        )
        for record in records.json["results"]:
            check(record, "SimplePublicObject")
        for status in (400, 401, 403, 404, 409, 422, 423, 429, 477, 488, 500, 503):
            for variant in range(6):
                check((await client.put(f"9000{status}{variant}00001", "2")).json, "Error")

    settings = SimulatorSettings(
        sub_category=sub_category, archive_answer="COMPLETE", read_page=1, rate_limit=0
    )
    against(story, settings)
    assert len(seen) == 7
