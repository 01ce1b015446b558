"""What `check --online` makes of a HubSpot in trouble, in virtual time."""

from __future__ import annotations

from typing import cast

import pytest

from loader.commands.online_check import OnlineCheck
from loader.commands.online_findings import TypePairFindings
from loader.commands.sampling import ColumnSample, TypePairSample
from loader.errors import UsageError
from loader.hubspot import HubSpot
from tests.support.clock import run
from tests.support.engine import Reply, Request, Script, VirtualHubSpot

LABELS = Reply(200, {"results": [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]})


def checking(script: Script) -> tuple[OnlineCheck, TypePairFindings, VirtualHubSpot]:
    """Check a file of one pair against a script."""

    async def main() -> tuple[OnlineCheck, TypePairFindings]:
        check = OnlineCheck(cast(HubSpot, hubspot))
        columns = ColumnSample(), ColumnSample()
        for column, record in zip(columns, ("1", "2"), strict=True):
            column.add([record])
        return check, await check.about(TypePairSample("contacts", "companies", *columns))

    hubspot = VirtualHubSpot(script)
    return *run(main()), hubspot


def test_nothing_but_trouble_is_no_clean_account() -> None:
    async def script(_: Request) -> Reply:
        return Reply(500)

    check, _, hubspot = checking(script)
    with pytest.raises(UsageError, match="HubSpot can't be asked") as error:
        check.ended()
    assert "https://status.hubspot.com" in error.value.hint
    assert {request.method for request in hubspot.requests} <= {"GET", "POST"}


def test_faults_that_pass_are_waited_out_and_others_named() -> None:
    async def script(request: Request) -> Reply:
        if request.path.startswith("/crm/objects"):
            return Reply(500, {"message": "out of order"})
        asked.append(request)
        return Reply(503) if len(asked) <= 2 else LABELS

    asked: list[Request] = []
    check, findings, _ = checking(script)
    check.ended()
    assert findings.default_type == "HUBSPOT_DEFINED:279"
    assert findings.from_ids.found is None
    assert any(what.startswith("which records exist as contacts: out of order") for what in check.unchecked)
