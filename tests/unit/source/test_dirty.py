"""The campaign of dirty files in short: a few of each kind of pollution, and the oracle itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.dirty import campaign
from tests.campaigns.dirty_cases import KINDS
from tests.campaigns.dirty_oracle import (
    Exactly,
    Expectation,
    Line,
    Refusal,
    Seen,
    SeenLine,
    Spared,
    violations,
)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_polluted_file_is_misread(kind: str, tmp_path: Path) -> None:
    assert campaign(1, 20260101, tmp_path, kind=kind) == {}


PAIR = ("contacts", "1", "companies", "2")
GOOD = SeenLine(1, "pair", PAIR, (), "", "")
BAD = SeenLine(2, "invalid", PAIR, (), "BAD_ID", "line 3: x")


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        (Refusal(), Seen(None, None, [GOOD])),
        (Refusal(range(3, 5)), Seen("why", 5)),
        (Refusal(), Seen("why\nso", 5)),
        (Exactly([]), Seen("why", 5)),
        (Exactly([Line("pair", PAIR)] * 2), Seen(None, None, [GOOD])),
        (Exactly([Line("pair", PAIR)] * 2), Seen(None, None, [GOOD, GOOD._replace(row=2)])),
        (Exactly([Line("pair", PAIR)]), Seen(None, None, [GOOD._replace(row=2)])),
        (Exactly([Line("pair", PAIR, ("note",))]), Seen(None, None, [GOOD])),
        (Exactly([Line("pair", (*PAIR[:3], "3"))]), Seen(None, None, [GOOD])),
        (
            Exactly([Line("pair", PAIR), Line("invalid", PAIR)]),
            Seen(None, None, [GOOD, BAD._replace(message="")]),
        ),
        (Spared([Line("invalid", PAIR)], frozenset({PAIR}), 0), Seen(None, None, [GOOD])),
        (Spared([], frozenset(), 0), Seen(None, None, [GOOD])),
        (Spared([], frozenset({PAIR}), 2), Seen(None, None, [GOOD])),
    ],
)
def test_the_oracle_notices_what_is_wrong(expected: Expectation, seen: Seen) -> None:
    assert violations(expected, seen)
