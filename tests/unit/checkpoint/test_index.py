"""Pairs are found by their content, in whatever order, and never by a hash alone."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.checkpoint import Checkpoint
from loader.checkpoint.index import Index, read_index
from loader.model import Status

STATUSES = dict(enumerate(Status, start=1))
LARGEST = 2**63 - 1
ID = st.one_of(st.integers(1, 4), st.sampled_from([2**31, 2**32 + 1, LARGEST]))


class Types(NamedTuple):
    from_canonical: str
    to_canonical: str


TYPES = [Types("0-1", "0-2"), Types("0-2", "0-1"), Types("0-1", "p_cats")]
PAIR = st.tuples(ID, ID, st.integers(0, 2))
Pair = tuple[int, int, int]


def make(pairs: dict[int, Pair], outcomes: dict[int, Status] | None = None, marks: int = 0) -> Index:
    """An index of pairs by ID; types are places in TYPES."""
    numbers = {status: number for number, status in STATUSES.items()}
    rows = [
        (
            from_id,
            to_id,
            one,
            (numbers[(outcomes or {})[one]] if outcomes else 1) << 32 | types + 1 << 8 | marks,
        )
        for one, (from_id, to_id, types) in pairs.items()
    ]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Index(max(pairs, default=0), [columns], {one: i for i, one in enumerate(TYPES, start=1)}, STATUSES)


def find(index: Index, pairs: list[Pair]) -> list[int]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    return index.find(table[:, 0], table[:, 1], table[:, 2], TYPES).tolist()  # type: ignore[no-any-return]


def ids(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


@given(
    st.dictionaries(PAIR, st.integers(1, 30), max_size=12),
    st.lists(st.lists(PAIR, max_size=8), max_size=4),
)
def test_a_pair_is_found_by_its_content(known: dict[Pair, int], chunks: list[list[Pair]]) -> None:
    pairs = {one: pair for pair, one in known.items()}
    known = {pair: one for one, pair in pairs.items()}
    index = make(pairs)
    for chunk in chunks:
        assert find(index, chunk) == [known.get(pair, 0) for pair in chunk]


@given(st.permutations([(one, one % 7 + 1, one % 3) for one in range(1, 60)]), st.integers(1, 20))
def test_the_order_of_the_input_does_not_matter(pairs: list[Pair], size: int) -> None:
    index = make({pair[0]: pair for pair in pairs})
    for start in range(0, len(pairs), size):
        chunk = pairs[start : start + size]
        assert find(index, chunk) == [pair[0] for pair in chunk]


def with_the_same_hash() -> list[Pair]:
    """Pairs whose whole hash is one: solved for the to ID, whose constant is odd and so has an inverse."""
    inverse = pow(0xFF51AFD7ED558CCD, -1, 2**64)

    def mixed(from_id: int) -> int:
        hashed = from_id * 0x9E3779B97F4A7C15 % 2**64
        return hashed ^ hashed >> 32

    # The hash mixes once more after the to ID, one to one: so this suffices.
    pairs = [(1, 1, 0)]
    for from_id in count(2):
        to_id = (mixed(1) - mixed(from_id)) * inverse + 1 & 2**64 - 1
        if 0 < to_id <= LARGEST:
            pairs.append((from_id, to_id, 0))
        if len(pairs) == 4:
            return pairs
    raise AssertionError


def test_pairs_with_one_hash_are_told_apart() -> None:
    *known, unknown = with_the_same_hash()
    index = make(dict(enumerate(known, start=1)))
    hashes = index._hashes(*(np.array(column) for column in zip(*known, unknown, strict=True)))
    assert len(set(hashes.tolist())) == 1
    assert find(index, [unknown, *reversed(known)]) == [0, 3, 2, 1]


def test_a_type_that_the_checkpoint_does_not_know_has_no_pairs() -> None:
    index = make({1: (1, 2, 0)})
    assert index.find(ids(1), ids(2), ids(0), [Types("2-77", "0-2")]).tolist() == [0]
    assert make({}).find(ids(1), ids(2), ids(0), TYPES).tolist() == [0]


@pytest.mark.parametrize("retry", [False, True])
def test_what_is_settled_is_what_a_load_need_not_send(retry: bool) -> None:
    index = make({one: (one, 1, 0) for one in STATUSES}, STATUSES)
    settled = index.is_settled(ids(*STATUSES), retry=retry)
    open_again = {Status.FAILED, Status.GAVE_UP, Status.REMOVED} if retry else set()
    assert {
        STATUSES[one] for one, is_settled in zip(STATUSES, settled, strict=True) if not is_settled
    } == open_again
    assert not index.is_settled(ids(0), retry=retry)[0]


def test_a_pair_that_is_missing_is_open_when_a_load_retries() -> None:
    present, missing, unknown = (make({1: (1, 2, 0)}, {1: Status.ASSOCIATED}, marks) for marks in (1, 2, 3))
    assert [bool(index.is_settled(ids(1), retry=True)[0]) for index in (present, missing, unknown)] == [
        1,
        0,
        1,
    ]
    assert missing.is_settled(ids(1))[0]


def test_what_was_sent_is_not_looked_up_again() -> None:
    not_sent, sent = (make({1: (1, 1, 0)}, marks=marks) for marks in (2 << 4, 1 << 6 | 1 << 4))
    assert (not_sent.was_sent(ids(0, 1)).tolist(), not_sent.existed_before(ids(0, 1))) == (
        [False] * 2,
        ["", "yes"],
    )
    assert (sent.was_sent(ids(0, 1)).tolist(), sent.existed_before(ids(0, 1))) == ([False, True], ["", "no"])


def test_pairs_that_the_input_has_are_counted_once_and_the_others_named() -> None:
    index = make(
        {one: (one, 1, 0) for one in (1, 2, 4)}, {1: Status.ASSOCIATED, 2: Status.FAILED, 4: Status.FAILED}
    )
    index.see(ids(0, 2, 2, 1))
    index.see(ids(1))
    assert (index.known, index.seen, index.made) == (3, 2, 1)
    assert (index.settled_seen(), index.settled_seen(retry=True)) == (2, 1)
    assert index.not_in_input().tolist() == [4]


def test_a_cleared_index_knows_no_pair_and_gives_no_id_twice() -> None:
    index = make({1: (1, 2, 0), 2: (2, 2, 0)})
    index.clear()
    assert find(index, [(1, 2, 0)]) == [0]
    assert (index.seen, index.made, index.not_in_input().tolist()) == (0, 0, [])
    assert index.number(ids(0)).tolist() == [3]


def test_new_pairs_get_the_next_ids() -> None:
    index = make({3: (1, 1, 0)})
    assert index.number(ids(0, 3, 0)).tolist() == [4, 3, 5]
    assert index.number(ids(0)).tolist() == [6]
    assert make({}).number(ids(0)).tolist() == [1]


def test_a_checkpoint_is_read_with_all_its_marks(tmp_path: Path) -> None:
    with Checkpoint(tmp_path / "a.checkpoint.db", may_create=True) as checkpoint:
        assert read_index(checkpoint).known == 0
        checkpoint.begin_run("load")
        with checkpoint.transaction() as db:
            db.execute("INSERT INTO type_pair VALUES (300, 'contact', 'p_cats', '0-1', 'p_cats')")
            db.executemany(
                "INSERT INTO outcome VALUES (?, ?, 0, '', '', '', '', '')",
                [(1, "kept"), (2, "associated"), (70_000, "gave_up")],
            )
            db.executemany(
                "INSERT INTO pair (id, types, from_id, to_id, first_run, existed_before, outcome, verified)"
                " VALUES (?, 300, ?, ?, ?, ?, ?, ?)",
                [
                    (1, 5, LARGEST, 2, 0, 2, "missing"),
                    (3, LARGEST, 5, None, None, 70_000, None),
                    (4, 6, 6, 1, 1, None, None),
                ],
            )
        index = read_index(checkpoint)
    found = index.find(ids(6, 5, LARGEST), ids(6, LARGEST, 5), ids(0, 0, 0), [Types("0-1", "p_cats")])
    assert found.tolist() == [4, 1, 3]
    assert index.existed_before(found) == ["yes", "no", ""]
    assert index.was_sent(found).tolist() == [True, True, False]
    assert index.is_settled(found).tolist() == [False, True, True]
    assert index.is_settled(found, retry=True).tolist() == [False, False, False]
    assert (index.known, index.made, index.next_id) == (3, 1, 5)
