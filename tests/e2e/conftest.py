"""What holds for the tests from outside."""

from __future__ import annotations

import pytest

from tests.support.command import run
from tests.support.warm import warm

warm()  # it imports the program while the tests are collected


@pytest.fixture(scope="session", autouse=True)
def _warmed_up() -> None:
    """Its imports are no test's time."""
    run("--version")
