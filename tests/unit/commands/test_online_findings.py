"""What a sample of both columns says about a file."""

from __future__ import annotations

import pytest

from loader.commands.online_findings import AssociationCount, Sample, TypePairFindings


@pytest.mark.parametrize(
    ("found", "as_other", "swapped"),
    [
        (0, 100, True),
        (30, 90, True),  # old IDs that two types share
        (30, 50, False),  # too few either way: the file is old, not swapped
        (0, 40, False),
        (100, 100, False),  # every ID exists as both
        (None, 100, False),
        (0, None, False),
        (0, 0, False),
    ],
)
def test_when_columns_look_swapped(found: int | None, as_other: int | None, swapped: bool) -> None:
    sample, count = Sample(100, found, as_other), AssociationCount(None, None, 0)
    findings = TypePairFindings("contacts", "companies", "", sample, sample, count, count)
    assert findings.looks_swapped is swapped
