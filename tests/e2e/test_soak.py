"""A short form of the soak. So few rows fit into the buffers, so the bars are absolute."""

from __future__ import annotations

import os

import pytest

from tests.campaigns.soak import MOST_MORE_FILES, soak

#: MiB that 5,000 rows may take; 8 KiB that each row left behind would show. A million rows may take 200.
MOST = 160


@pytest.mark.skipif(os.name != "posix", reason="asks the system what a child process used")
def test_memory_and_files_stay_within_bounds() -> None:
    few, many = soak(500, 5_000)
    assert many.peak < MOST
    assert many.files <= few.files + MOST_MORE_FILES
