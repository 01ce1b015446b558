"""The endpoints about what may be associated: labels, configured limits, association limits."""

from __future__ import annotations

from loader.simulator import SimulatorSettings, SimulatorState
from tests.support.simulator_client import Client, against


def test_labels_show_the_default_type_with_a_null_label() -> None:
    state = SimulatorState()
    state.associate("contacts", "1", "companies", "2", label="Billing", category="INTEGRATOR_DEFINED")

    async def story(client: Client) -> None:
        known = await client.call("GET", "/crm/associations/2025-09/contacts/companies/labels")
        assert known.json["results"][0] == {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
        assert [(spec["category"], spec["label"]) for spec in known.json["results"][1:]] == [
            ("INTEGRATOR_DEFINED", "Billing")
        ]
        unrelated = await client.call("GET", "/crm/associations/2025-09/contacts/2-404/labels")
        assert unrelated.json["results"] == []
        nothing = await client.call("GET", "/crm/associations/2025-09/contacts/nothings/labels")
        assert nothing.status == 400

    against(story, state=state)


def test_the_limits_of_associations_can_be_asked() -> None:
    async def story(client: Client) -> None:
        paths = [
            "/crm/limits/2025-09/associations/records/contacts/companies",
            "/crm/v3/limits/associations/records/contacts/companies",
        ]
        assert [(await client.call("GET", path)).status for path in paths] == [404, 404]
        client.simulator.settings = SimulatorSettings(max_associations=2, configured_associations=5)
        for to_id in ("7", "8"):
            await client.put("1", to_id)
        for path in paths:
            answer = (await client.call("GET", path)).json
            assert (answer["limit"], answer["totalRecordsAtLimit"]) == (2, 1)
        path = "/crm/associations/2025-09/definitions/configurations/contacts/companies"
        (configured,) = (await client.call("GET", path)).json["results"]
        assert (configured["typeId"], configured["userEnforcedMaxToObjectIds"]) == (279, 5)

    against(story)
