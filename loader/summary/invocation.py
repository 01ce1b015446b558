"""Commands to copy: how a load was called, and the next command that fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loader.text import command_line, shown_path

#: Options of `load` that a printed command repeats, in the contract's order. The others, such as `--limit`,
#: `--retry` and `--log-file`, belong to one run.
_READING = (
    *("from_type", "to_type", "from_column", "to_column", "from_type_column", "to_type_column"),
    *("delimiter", "encoding", "sheet", "allow_empty", "trust_quotes"),
)
_FILES = ("report", "checkpoint")
_SENDING = ("skip_existing", "stop_after_failures", "method")
_REQUESTS = (
    *("rate", "reserve", "workers", "max_attempts", "timeout", "outage_timeout", "wait_for_daily_reset"),
    *("account_id", "token_file", "base_url", "api_version"),
)
_LOADING = (*_READING, *_FILES, *_SENDING, *_REQUESTS)
_PATHS = frozenset({"report", "checkpoint", "token_file", "html"})


@dataclass(frozen=True)
class Invocation:
    """A load as it was called. Every printed command repeats this, so that it means the same load.

        >>> Invocation("pairs.csv", {"from_type": "contacts", "to_type": "deals"}).load(retry=True)
        'assoc-loader load pairs.csv --from-type contacts --to-type deals --retry'

    input: path of the input, as commands name it
    options: values other than the defaults, by their Python names (`skip_existing`); fit for JSON
    report: path of the report, for the commands that follow a load
    """

    input: str
    options: Mapping[str, object] = field(default_factory=dict)
    report: str = ""

    def load(self, **changes: object) -> str:
        """A command for the same load, with options added or changed; None removes one."""
        return self._line("load", self.input, (*_LOADING, "simulate"), changes)

    def check(self, **changes: object) -> str:
        """A command that says what `load` would do."""
        return self._line("check", self.input, _LOADING, changes)

    def verify(self, **changes: object) -> str:
        """A command that reads this load back."""
        return self._line("verify", self._path, _REQUESTS, changes)

    def undo(self, **changes: object) -> str:
        """A command that undoes this load."""
        return self._line("undo", self._path, _REQUESTS, changes)

    def summary(self, **changes: object) -> str:
        """A command for counts and causes of this load."""
        return self._line("summary", self._path, (), changes)

    def write_report(self) -> str:
        """A command that writes this load's report again."""
        return self._line("report", self._path, (), {})

    @property
    def _path(self) -> str:
        """The file by which the other commands find this load: its checkpoint, report or input."""
        if checkpoint := self.options.get("checkpoint"):
            return str(checkpoint)
        named = self.options.get("report") or self.options.get("simulate")
        return self.report if named and self.report else self.input

    def _line(self, command: str, path: str, kept: tuple[str, ...], changes: Mapping[str, object]) -> str:
        same = {name: self.options[name] for name in kept if name in self.options and name not in changes}
        words = ["assoc-loader", command, shown_path(path)]
        for name, value in (*changes.items(), *same.items()):  # changes come first, to be noticed
            words += _option(name, value)
        return command_line(words)


def _option(name: str, value: object) -> list[str]:
    flag = name.replace("_", "-")
    if value is None:
        return []
    if value is True:
        return [f"--{flag}"]
    if value is False:
        return [f"--no-{flag}"]
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if name in _PATHS:
        text = shown_path(text)
    return [f"--{flag}={text}"] if text.startswith("-") and text != "-" else [f"--{flag}", text]
