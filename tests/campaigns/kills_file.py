"""The file of one story of kills: rows of every kind, with what must become of each."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.support.command import write_pairs


class Row(NamedTuple):
    """One row: its cells, what must become of it, and whether the pair must stand afterwards (None: may)."""

    from_id: str
    to_id: str
    status: str
    stands: bool | None


class Story(NamedTuple):
    """A file and its rows in order."""

    file: Path
    rows: list[Row]

    @property
    def exit_code(self) -> int:
        """The exit code of a run that finishes."""
        return int(any(row.status not in ("associated", "duplicate") for row in self.rows))


def write_story(path: Path, random: Random) -> Story:
    """Write a file of 300 to 1,000 rows: mostly good pairs, and some of each way to fail."""
    good = random.randrange(300, 900)
    rows = [Row(str(10_000 + n), str(random.randrange(1, 10**9)), "associated", True) for n in range(good)]
    for n in range(random.randrange(0, 30)):
        rows.append(Row(f"9000404000{n:03}", "7", "failed", False))
        rows.append(Row(f"9000503001{n:03}", "7", "associated", True))  # 503 once, then it succeeds
        rows.append(Row(f"9000200100{n:03}", "7", "failed", False))  # 200 with empty results
    for n in range(random.randrange(0, 3)):
        rows.append(Row(f"9000602001{n:03}", "7", "associated", True))  # one reset before the answer
        rows.append(Row(f"9000602101{n:03}", "7", "associated", True))  # the same, after it was made
        rows.append(Row(f"9000500000{n:03}", "7", "gave_up", False))
    rows += [Row(cell, "7", "invalid", None) for cell in ("", "x1", "1.5E+11", "0") for _ in range(2)]
    random.shuffle(rows)
    known = [row for row in rows if row.status != "invalid"]
    for again in random.sample(known, min(20, len(known))):
        place = random.randrange(rows.index(again) + 1, len(rows) + 1)
        rows.insert(place, again._replace(status="duplicate", stands=None))
    notes = ["plain", "with, comma", 'with "quote"', "", "Zürich"]
    write_pairs(path, ((r.from_id, r.to_id, random.choice(notes)) for r in rows), ["note"])
    return Story(path, rows)
