"""The campaign of dirty files in short: one round of each kind of pollution, several times over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.campaigns.dirty import campaign
from tests.campaigns.dirty_cases import KINDS
from tests.campaigns.dirty_oracle import OWN_COLUMNS, Exactly, Line, Refusal, Seen, Spared, violations


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_polluted_file_is_misread(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "replaced by the campaign's, and put back after it")
    assert asyncio.run(campaign(12, 20260101, tmp_path, kind=kind)) == {}


PAIR = ("contacts", "1", "companies", "2")
HEADER = OWN_COLUMNS
GOOD = ["1", *PAIR, "associated", "200", "1", "", "", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        (Refusal(), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
        (Refusal(range(3, 5)), Seen("why", 5)),
        (Refusal(), Seen("why", 5, sent=[PAIR])),
        (Exactly([]), Seen("why", 5)),
        (Exactly([Line("associated", PAIR)] * 2), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
        (Exactly([Line("associated", PAIR)]), Seen(None, None, [HEADER, GOOD], [PAIR, PAIR], 0)),
        (Exactly([Line("associated", PAIR)]), Seen(None, None, [HEADER, GOOD], [], 0)),
        (Exactly([Line("associated", PAIR)]), Seen(None, None, [HEADER, GOOD], [PAIR], 1)),
        (Exactly([Line("associated", PAIR, ("note",))]), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
        (Spared([Line("invalid", PAIR)], frozenset({PAIR}), 0), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
        (Spared([], frozenset(), 0), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
        (Spared([], frozenset({PAIR}), 2), Seen(None, None, [HEADER, GOOD], [PAIR], 0)),
    ],
)
def test_the_oracle_notices_what_is_wrong(expected: Exactly | Refusal | Spared, seen: Seen) -> None:
    assert violations(expected, seen)
