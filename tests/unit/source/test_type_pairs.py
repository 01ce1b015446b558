"""The pairs of object types of one input."""

from __future__ import annotations

from loader.source.type_pairs import TypePairs


def test_each_spelling_has_an_index_and_the_same_types_one_canonical_number() -> None:
    pairs = TypePairs()
    spelled = [("contacts", "companies"), ("0-1", "company"), ("p_a", "p_a"), ("p_A", "p_a"), ("deal", "0-3")]
    assert [pairs.of(*types) for types in [*spelled, *spelled]] == [0, 1, 2, 3, 4] * 2
    assert [pair.canonical for pair in pairs] == [0, 0, 1, 2, 3]
    assert [pair.reflexive for pair in pairs] == [False, False, True, False, True]
    assert (pairs[1].from_canonical, pairs[1].to_canonical) == ("0-1", "0-2")
    assert pairs.canonical().tolist() == [0, 0, 1, 2, 3]
    assert pairs.reflexive().tolist() == [False, False, True, False, True]
