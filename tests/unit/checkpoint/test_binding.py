"""A load belongs to one account."""

from __future__ import annotations

import pytest

from loader.checkpoint import Binding
from loader.errors import CheckpointError

EU = "https://api-eu1.hubapi.com"
GLOBAL = "https://api.hubapi.com"


def test_an_account_may_move_to_another_host_of_hubspot() -> None:
    moved = Binding.of(GLOBAL, 111, "app.hubspot.com").continued_by(
        Binding.of(EU, 111, "app-eu1.hubspot.com")
    )
    assert (moved.account_id, moved.ui_domain) == (111, "app-eu1.hubspot.com")


def test_another_account_is_refused_and_both_are_named() -> None:
    with pytest.raises(CheckpointError, match=r"belongs to account 111, and the token opens account 222"):
        Binding.of(GLOBAL, 111).continued_by(Binding.of(GLOBAL, 222))


def test_a_known_account_is_not_continued_by_a_token_that_can_not_tell() -> None:
    with pytest.raises(CheckpointError, match=r"belongs to account 111, and HubSpot does not say"):
        Binding.of(GLOBAL, 111).continued_by(Binding.of(GLOBAL, None))


def test_an_unknown_account_adopts_the_first_known_one() -> None:
    unknown = Binding.of(GLOBAL, None)
    assert unknown.continued_by(unknown).account_id is None
    assert unknown.continued_by(Binding.of(EU, 7)).account_id == 7


def test_another_host_is_bound_by_its_name_without_the_port() -> None:
    bound = Binding.of("http://127.0.0.1:8080", 1)
    assert bound.continued_by(Binding.of("http://127.0.0.1:9999", 1)).host == "127.0.0.1"
    for host in ("http://localhost:8080", GLOBAL, "https://hubapi.com.example.org", "https://nothubapi.com"):
        with pytest.raises(CheckpointError, match=r"belongs to account 1 on 127\.0\.0\.1, and this run"):
            bound.continued_by(Binding.of(host, 1))


def test_a_simulator_is_no_account_of_hubspot() -> None:
    with pytest.raises(CheckpointError, match="on simulator"):
        Binding.of("http://127.0.0.1:5000", 1, simulated=True).continued_by(Binding.of(GLOBAL, 1))
