"""A short form of the soak. So few rows fit into the buffers, so the bars are absolute."""

from __future__ import annotations

import os

import pytest

from tests.campaigns.soak import soak

#: MiB that a load may take, and files that it may open. A million rows may take 200 MiB.
MOST, MOST_FILES = 160, 150


@pytest.mark.skipif(os.name != "posix", reason="asks the system what a child process used")
def test_memory_and_files_stay_within_bounds() -> None:
    """What a row leaves in memory is measured in test_speed."""
    (one,) = soak(500)
    assert one.peak < MOST
    assert one.files < MOST_FILES
