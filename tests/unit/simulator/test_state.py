"""The state of a simulator: what tests plan in it, beyond what the endpoints' tests show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loader.simulator import AssociationSpec, SimulatorState
from tests.support.simulator_client import Client, against


def test_seeding_takes_types_that_exist() -> None:
    state = SimulatorState()
    seeds: list[Callable[[], None]] = [
        lambda: state.remove_record("kontakte", "1"),
        lambda: state.keep_only("kontakte", frozenset()),
        lambda: state.associate("contacts", "1", "kontakte", "2"),
        lambda: state.lock("contacts", "1", "kontakte", "2"),
    ]
    for seed in seeds:
        with pytest.raises(ValueError, match="kontakte"):
            seed()


def test_a_label_goes_with_the_default_type_or_alone() -> None:
    state = SimulatorState()
    state.associate("contacts", "1", "companies", "2", label="Billing")
    state.associate("contacts", "1", "companies", "3", label="Owner", category="WORK", default=False)
    default = AssociationSpec("HUBSPOT_DEFINED", 279)
    assert state.types_between("contact", "1", "0-2", "2") > {default}
    (only,) = state.types_between("contact", "1", "0-2", "3")
    assert (only.category, only.label) == ("WORK", "Owner")


def test_another_integration_can_act_between_two_requests() -> None:
    async def story(client: Client) -> None:
        state = client.state
        state.after("batch read", lambda: state.associate("contacts", "1", "companies", "2"), calls=2)
        for there in (False, True, True):
            await client.put("8", "9")
            await client.batch("read", [{"id": "1"}])
            assert bool(state.types_between("contacts", "1", "companies", "2")) == there
            state.unlink(next(ends for ends in state.associations if ends.from_id == "8"))

    against(story)
