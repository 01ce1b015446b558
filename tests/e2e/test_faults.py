"""A short version of the campaign of random faults."""

from __future__ import annotations

from tests.campaigns.faults import campaign


def test_no_fault_of_the_server_makes_the_report_untrue() -> None:
    said: list[str] = []
    assert campaign(seed=24, stories=8, tell=said.append, parallel=8) == [], "\n".join(said)
