"""The file of one story of kills: rows of every kind, with what must become of each pair."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.support.command import write_pairs

NOTES = ("plain", "with, comma", 'with "quote"', "", "Zürich")
Pair = tuple[str, str]


class Row(NamedTuple):
    """One row: its cells, and the status that its pair must get when it is sent; `invalid` is not sent."""

    from_id: str
    to_id: str
    note: str
    status: str

    @property
    def pair(self) -> Pair:
        return self.from_id, self.to_id


class Story(NamedTuple):
    """A file and what happens around it.

    rows: its rows in order
    seeded: pairs that are associated before the load
    gone: pairs that somebody removes in HubSpot between `load` and `verify`
    """

    file: Path
    rows: list[Row]
    seeded: set[Pair]
    gone: set[Pair]

    @property
    def wanted(self) -> dict[Pair, str]:
        """The status that each pair must get when it is sent."""
        return {row.pair: row.status for row in self.rows if row.status != "invalid"}

    def write(self) -> None:
        """Write the file anew."""
        write_pairs(self.file, ((row.from_id, row.to_id, row.note) for row in self.rows), ["note"])


def write_story(path: Path, random: Random, rows: int) -> Story:
    """Write a file of about so many rows: mostly good pairs, and some of each way to fail."""
    wanted = [
        (str(10_000 + n), str(random.randrange(1, 10**9)), "associated")
        for n in range(random.randrange(rows // 2, rows))
    ]
    seeded = {(one[0], one[1]) for one in random.sample(wanted, len(wanted) // 5)}
    for n in range(random.randrange(rows // 60)):
        wanted += [
            (f"9000404000{n:03}", "7", "failed"),
            (f"9000503001{n:03}", "7", "associated"),  # 503 once, then it succeeds
            (f"9000200100{n:03}", "7", "failed"),  # 200 with empty results
        ]
    for n in range(random.randrange(3)):
        wanted += [
            (f"9000602001{n:03}", "7", "associated"),  # one reset before the answer
            (f"9000602101{n:03}", "7", "associated"),  # one reset after the association was made
            (f"9000500000{n:03}", "7", "gave_up"),
        ]
    wanted += random.sample(wanted, min(20, len(wanted) // 10))  # duplicates
    wanted += [(cell, "7", "invalid") for cell in ("", "x1", "1.5E+11", "0") for _ in range(2)]
    random.shuffle(wanted)
    story = Story(
        path,
        [Row(from_id, to_id, random.choice(NOTES), status) for from_id, to_id, status in wanted],
        seeded,
        set(),
    )
    story.write()
    return story
