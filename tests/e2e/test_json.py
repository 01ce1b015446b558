"""What programs read: `--json` and `--log-file` hold what the schemas that ship with the program promise."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TYPES, Serving, run, write_pairs

SCHEMAS = {
    name: json.loads(files("loader").joinpath(f"cli/schemas/{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("results", "log")
}


def holds(kind: str, value: Any) -> None:
    """Check a value against one kind of result."""
    schema = {"$ref": f"#/$defs/{kind}", "$defs": SCHEMAS["results"]["$defs"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_result_and_every_log_line_is_as_documented(tmp_path: Path) -> None:
    rows = [(1, 2), (1, 2), ("x", 4), (9000404000001, 5), (9000503001001, 6)]
    file, log = write_pairs(tmp_path / "pairs.csv", rows), tmp_path / "run.log"
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000))) as simulator:
        url = ("--base-url", simulator.url)
        checked = run("check", file, *TYPES, *url, "--online", "--json")
        loaded = run("load", file, *TYPES, *url, "--skip-existing", "--json", "--log-file", log)
        report = next(tmp_path.glob("*report.csv"))
        told = run("summary", report, "--json")
        verified = run("verify", report, *url, "--json")
        undone = run("undo", report, *url, "--yes", "--json")
    assert (loaded.code, told.code, verified.code, undone.code) == (1, 1, 1, 0)
    holds("check", json.loads(checked.out))
    holds("summary", json.loads(told.out))
    for ended in (loaded, verified, undone):
        holds("run", json.loads(ended.out))
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    validator = Draft202012Validator(SCHEMAS["log"])
    for event in events:
        validator.validate(event)
    assert {event["event"] for event in events} > {"request"}


def test_a_run_that_stops_is_as_documented_too(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1) for n in range(1, 9)])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000, daily_limit=4))) as simulator:
        stopped = run("load", file, *TYPES, "--base-url", simulator.url, "--json")
    value = json.loads(stopped.out)
    holds("run", value)
    assert (stopped.code, value["stopped"], value["finished"], value["exit_code"]) == (
        3,
        "daily_limit",
        False,
        3,
    )
    assert value["counts"]["associated"] + value["counts"]["not_sent"] == 8
    assert value["run"]["counts"]["associated"] == value["counts"]["associated"]
