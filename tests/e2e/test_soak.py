"""A short version of the soak. So few rows fit into the buffers, so the bars are absolute."""

from __future__ import annotations

import os

import pytest

from tests.campaigns.soak import MOST_MORE_FILES, soak

#: MiB that 20,000 rows may take. They take 115; two KiB that each row left behind would show. A load of a
#: million rows may take 200 (issue 7).
MOST = 160


@pytest.mark.skipif(os.name != "posix", reason="asks the system what a child process used")
def test_memory_and_files_stay_within_bounds() -> None:
    few, many = soak(2_000, 20_000)
    assert many.peak < MOST
    assert many.files <= few.files + MOST_MORE_FILES
