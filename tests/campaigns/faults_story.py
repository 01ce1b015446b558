"""What one story of faults is about: a file, an account, and how its server answers."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from loader.simulator import SimulatorSettings, SimulatorState
from tests.campaigns.faults_answers import ANYWHERE, OF_ENDPOINT
from tests.campaigns.faults_ledger import Pair
from tests.campaigns.faults_server import Temper

ENDPOINTS = (
    "account",
    "associate",
    "batch associate",
    "batch read",
    "batch archive",
    "labels",
    "read objects",
)
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
    lines: list[Pair | None] = [*pairs, *random.sample(pairs, min(len(pairs), random.randrange(3)))]
    for _ in range(random.randrange(3)):
        lines.insert(random.randrange(len(lines) + 1), None)
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
    story = Story(
        folder / "pairs.csv",
        [],
        before + labelled,
        labelled,
        meanwhile,
        _draw_options(random),
        state,
        _draw_settings(random),
        {name: _draw_temper(random, name) for name in ENDPOINTS},
    )
    write_rows(story, lines)
    return story


def write_rows(story: Story, pairs: list[Pair | None]) -> None:
    """Write the story's file anew with these pairs; None makes an invalid row."""
    seen: set[Pair | None] = {None}
    story.rows.clear()
    with story.file.open("w", encoding="utf-8") as file:
        file.write("from_object_id,to_object_type,to_object_id,note\n")
        for pair in pairs:
            story.rows.append(Row(pair, pair in seen and pair is not None))
            seen.add(pair)
            cells = (pair.from_id, pair.to_type, pair.to_id) if pair else ("x", "0-2", "5")
            file.write(f"{','.join(cells)},n\n")


def _draw_pairs(random: Random) -> list[Pair]:
    number = random.randrange(1, 60) if random.random() < 0.97 else random.randrange(101, 130)
    sources = random.choice([1, 3, number, number])
    kinds = random.choice([["0-2"], ["0-2"], ["0-2", "0-3"]])
    return [Pair("0-1", str(1 + n % sources), random.choice(kinds), str(1_000 + n)) for n in range(number)]


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
