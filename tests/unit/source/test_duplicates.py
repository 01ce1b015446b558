"""Finding the same pair again: by keys, and never by a key alone."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.source.duplicates import FirstRows, pair_keys, repeated_keys
from loader.source.type_pairs import Numbers

PAIRS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 1)), max_size=40)


def columns(pairs: list[tuple[int, int, int]]) -> tuple[Numbers, Numbers, Numbers]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


@given(PAIRS, st.integers(1, 7))
def test_every_repetition_is_found_with_its_first_row(pairs: list[tuple[int, int, int]], step: int) -> None:
    keys = array("Q", pair_keys(*columns(pairs)).tolist())
    repeated, count = repeated_keys(keys)
    first_rows = FirstRows(repeated)
    found: dict[int, int] = {}
    for at in range(0, len(pairs), step):
        some = pairs[at : at + step]
        rows = np.arange(at, at + len(some)) * 10 + 1
        found |= {at + i: first for i, first in first_rows.first_rows(rows, *columns(some)).items()}
    expected = {i: pairs.index(pair) * 10 + 1 for i, pair in enumerate(pairs) if pairs.index(pair) < i}
    assert (found, count) == (expected, len(expected))


def test_two_pairs_that_share_a_key_are_both_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_key(from_ids: Numbers, to_ids: Numbers, canonical: Numbers) -> np.ndarray:
        return np.full(len(from_ids), 7, dtype=np.uint64)

    monkeypatch.setattr("loader.source.duplicates.pair_keys", one_key)
    first_rows = FirstRows(np.array([7], dtype=np.uint64))
    pairs = [(1, 2, 0), (3, 4, 0), (1, 2, 0), (3, 4, 0), (5, 6, 0), (3, 4, 1)]
    assert first_rows.first_rows(np.arange(1, 7), *columns(pairs)) == {2: 1, 3: 2}
    assert first_rows.first_rows(np.arange(7, 9), *columns(pairs[4:])) == {0: 5, 1: 6}
