"""What one story of faults is about: a file, an account, and how its server answers."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from loader.simulator import SimulatorSettings, SimulatorState
from tests.campaigns.faults_answers import ANYWHERE, OF_ENDPOINT
from tests.campaigns.faults_server import Pair, Temper
from tests.support.command import write_pairs

ENDPOINTS = (
    "account",
    "associate",
    "batch associate",
    "batch read",
    "batch archive",
    "labels",
    "read objects",
)
_TYPES = {"companies": "0-2", "deals": "0-3"}
#: Faults that end a run; often drawn they would leave little to see.
_ENDING = (
    "unauthorized",
    "expired",
    "missing scopes",
    "no permission",
    "other data centre",
    "redirect",
    "daily limit",
)


class Row(NamedTuple):
    """A row of the file: its pair, or None if it is invalid; whether an earlier row has the same."""

    pair: Pair | None
    duplicate: bool = False


class Story(NamedTuple):
    """A story.

    rows: what the file has, in order
    before: pairs that are associated before the first run; `labelled`: those of them with a label alone
    meanwhile: pairs that another integration associates, in this order
    options: of the load
    """

    file: Path
    rows: list[Row]
    before: list[Pair]
    labelled: list[Pair]
    meanwhile: list[Pair]
    options: dict[str, Any]
    state: SimulatorState
    settings: SimulatorSettings
    tempers: dict[str, Temper]


def draw_story(random: Random, folder: Path) -> Story:
    """Draw a story and write its file."""
    pairs = _draw_pairs(random)
    rows = [Row(pair) for pair in pairs]
    cells = [
        [pair.from_id, "companies" if pair.to_type == "0-2" else "deals", pair.to_id, "n"] for pair in pairs
    ]
    for again in random.sample(range(len(rows)), random.randrange(3)):
        rows.append(rows[again]._replace(duplicate=True))
        cells.append(list(cells[again]))
    for place in range(random.randrange(3)):
        at = random.randrange(len(pairs) + 1)
        rows.insert(at, Row(None))
        cells.insert(at, [("x", "", "1E+9")[place], "companies", "5", "n"])
    file = write_rows(folder / "pairs.csv", cells)
    shuffled = random.sample(pairs, len(pairs))
    counts = [random.choice([0, 0, len(pairs) // 4]) for _ in range(4)]
    before, labelled, meanwhile, refused = _parts(shuffled, counts)
    state = SimulatorState()
    for pair in before:
        state.associate(*pair, label=random.choice([None, None, "Friend"]))
    for pair in labelled:
        state.associate(*pair, label="Friend", default=False)
    for pair in refused:
        state.remove_record(*random.choice([pair[:2], pair[2:]]))
    return Story(
        file,
        rows,
        before + labelled,
        labelled,
        meanwhile,
        _draw_options(random),
        state,
        _draw_settings(random),
        {name: _draw_temper(random, name) for name in ENDPOINTS},
    )


def write_rows(path: Path, cells: list[list[str]]) -> Path:
    """Write the file."""
    path.write_text(
        "from_object_id,to_object_type,to_object_id,note\n" + "".join(f"{','.join(row)}\n" for row in cells)
    )
    return path


def _draw_pairs(random: Random) -> list[Pair]:
    number = random.randrange(1, 60) if random.random() < 0.97 else random.randrange(101, 130)
    sources = random.choice([1, 3, number, number])
    kinds = random.choice([["companies"], ["companies"], ["companies", "deals"]])
    return [
        Pair("0-1", str(1 + n % sources), _TYPES[random.choice(kinds)], str(1_000 + n)) for n in range(number)
    ]


def _parts(pairs: list[Pair], counts: list[int]) -> list[list[Pair]]:
    parts, at = [], 0
    for count in counts:
        parts.append(pairs[at : at + count])
        at += count
    return parts


def _draw_options(random: Random) -> dict[str, Any]:
    return {
        "method": random.choice(["put", "batch"]),
        "skip_existing": random.random() < 0.7,
        "workers": random.choice([2, 10, 100]),
        "max_attempts": random.choice([1, 2, 3]),
        "timeout": random.choice([2.0, 10.0]),
        "outage_timeout": random.choice([0.0, 10.0, 60.0]),
        "stop_after_failures": random.choice([0, 3, 100]),
        "reserve": random.choice([0, 0, 0, 20]),
        "rate": random.choice(["auto", "auto", "1000/1"]),
    }


def _draw_settings(random: Random) -> SimulatorSettings:
    return SimulatorSettings(
        read_page=random.choice([2, 3, 500]),
        read_results=random.choice([1, 2, 3]),
        batch_failure=random.choice(["207", "200", "400"]),
        name_bad_pairs=random.random() < 0.7,
        named_errors=random.choice([None, None, 1]),
        sub_category=random.choice(["string", "object"]),
        archive_answer=random.choice(["204", "COMPLETE", "200", "202", "{}", '{"success": false}']),
    )


def _draw_temper(random: Random, endpoint: str) -> Temper:
    known = sorted(OF_ENDPOINT.get(endpoint, {}) | ANYWHERE)
    faults = random.sample(known, random.choice([1, 2, 5, len(known)]))
    if random.random() < 0.8:
        faults = [name for name in faults if name not in _ENDING]
    if not faults:
        return Temper(0.0, [])
    chance = random.choice([0.0, 0.1, 0.3, 0.6, 0.95])
    return Temper(min(chance, 0.3) if endpoint == "account" else chance, faults)


__all__ = ["Row", "Story", "draw_story", "write_pairs"]
