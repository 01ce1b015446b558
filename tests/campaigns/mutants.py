"""Mutation testing: changes the program a little, at random, and counts the changes that the tests notice.

    python -m tests.campaigns.mutants [--seed N] [--mutants N] [--room NAME ...] [--jobs N]

Draws the mutants from the rooms' sources by the seed. Each is applied to a copy of the project, and tested by
its room's unit tests, then by one e2e file of the room. A test that fails or does not end kills the mutant.
Prints every survivor and the rate; exit code 1 below 80 %.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
COPIED = ("loader", "tests", "sample_data", "pyproject.toml", "README.md")
#: The e2e file that sees most of a room.
ROOMS = {
    "engine": "test_batch.py",
    "hubspot": "test_outcomes.py",
    "source": "test_input_files.py",
    "checkpoint": "test_kills.py",
    "pace": "test_load.py",
}
BAR = 0.8
TIMEOUT = 240  # seconds for the tests of one mutant

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}


class Mutant(NamedTuple):
    """One change: `new` in place of the bytes from `start` to `end` of a file."""

    room: str
    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.old}  ->  {self.new}"


def changed(node: ast.AST) -> Iterator[str]:
    """The source of each change to this node itself, not to those below it."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in _COMPARE:
            yield f"({ast.unparse(ast.Compare(left, [_COMPARE[type(op)]()], [right]))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC:
            yield f"({ast.unparse(ast.BinOp(left, _ARITHMETIC[type(op)](), right))})"
        case ast.IfExp(test, body, orelse):
            yield f"({ast.unparse(ast.IfExp(test, orelse, body))})"
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Constant(int() | float() as value):
            yield f"({value + 1})"
        case ast.Call(ast.Name("min" | "max" as name), _, _):
            yield ast.unparse(node).replace(name, "max" if name == "min" else "min", 1)
        case ast.Return(ast.AST() as value) if ast.unparse(value) != "None":
            yield "return None"
        case ast.Expr(ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise():
            yield "pass"
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"


def reachable(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is below it, without types, decorators, docstrings and f-strings."""
    if isinstance(node, ast.JoinedStr):  # before Python 3.12, positions inside it are wrong
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from reachable(child)


def mutants_of(room: str) -> Iterator[Mutant]:
    """Every possible mutant of a room, in the order of its sources."""
    for file in sorted((ROOT / "loader" / room).rglob("*.py")):
        source = file.read_bytes()
        starts = [0]
        for text in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(text))
        for node in reachable(ast.parse(source)):
            for new in changed(node):
                assert isinstance(node, ast.expr | ast.stmt)
                assert node.end_lineno is not None
                assert node.end_col_offset is not None
                start = starts[node.lineno - 1] + node.col_offset
                end = starts[node.end_lineno - 1] + node.end_col_offset
                old = source[start:end].decode()
                yield Mutant(room, str(file.relative_to(ROOT)), node.lineno, start, end, old, new)


def copy_project(folder: Path) -> Path:
    """A copy of the project to change."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.report.csv")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def passes(project: Path, target: str) -> bool:
    """Whether the tests under `target` pass in a copy of the project, in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-o", "longest_test=999"]
    # An editable installation would find the unchanged program: this is looked at first.
    environment = {**os.environ, "PYTHONPATH": str(project)}
    with subprocess.Popen(
        [*command, target],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as tests:
        try:
            return tests.wait(TIMEOUT) == 0
        except subprocess.TimeoutExpired:
            tests.kill()
            return False


def survives(mutant: Mutant, project: Path) -> bool:
    """Whether all tests of the room pass with the mutant."""
    file = project / mutant.path
    source = file.read_bytes()
    file.write_bytes(source[: mutant.start] + mutant.new.encode() + source[mutant.end :])
    try:
        return all(passes(project, target) for target in targets(mutant.room))
    finally:
        file.write_bytes(source)


def targets(room: str) -> list[str]:
    """The tests of a room, the fast ones first."""
    e2e = ROOMS.get(room)
    return [f"tests/unit/{room}", *([f"tests/e2e/{e2e}"] if e2e else [])]


def main() -> int:
    """Draw, test, print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaigns.mutants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--room", action="append", help=f"default: {', '.join(ROOMS)}")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    rooms = asked.room or list(ROOMS)
    everything = [mutant for room in rooms for mutant in mutants_of(room)]
    drawn = random.Random(asked.seed).sample(everything, min(asked.mutants, len(everything)))
    print(f"{len(drawn)} of {len(everything)} mutants of {', '.join(rooms)}, seed {asked.seed}", flush=True)
    with ExitStack() as stack:
        projects: Queue[Path] = Queue()
        for _ in range(asked.jobs):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-"))
            projects.put(copy_project(Path(folder)))
        unchanged = projects.get()
        for target in (target for room in rooms for target in targets(room)):
            if not passes(unchanged, target):
                print(f"{target} fails without any mutant", file=sys.stderr)
                return 2
        projects.put(unchanged)

        def test(mutant: Mutant) -> bool:
            project = projects.get()
            try:
                survived = survives(mutant, project)
            finally:
                projects.put(project)
            print(f"{'SURVIVED' if survived else 'killed  '} {mutant}", flush=True)
            return survived

        pool = stack.enter_context(ThreadPoolExecutor(asked.jobs))
        survivors = sum(pool.map(test, drawn))
    rate = 1 - survivors / len(drawn)
    print(f"{len(drawn) - survivors} of {len(drawn)} killed: {rate:.0%} (at least {BAR:.0%})")
    return int(rate < BAR)


if __name__ == "__main__":
    sys.exit(main())
