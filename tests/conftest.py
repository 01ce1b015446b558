"""What holds for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, given, settings, strategies

# A background job of a script ignores SIGINT, and the commands that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long hypothesis takes for an example says more about a busy machine than about the code.
settings.register_profile(
    "busy", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("campaign", settings.get_profile("busy"), max_examples=2000)
settings.load_profile("busy")


class LongestTest:
    """Fails the run if a test takes longer than the setting `longest_test`, in seconds.

    If the machine has more to do than its cores can, each test may take longer in proportion.
    """

    def __init__(self, seconds: float, processes: int) -> None:
        self._seconds, self._processes = seconds, processes
        self._too_long: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.duration > self._seconds * self._shortage():
            self._too_long.append(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._too_long and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _shortage(self) -> float:
        """How many processes want each core: the suite's own, or those of the last minute; at least 1."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return max(1.0, max(load, self._processes) / (os.cpu_count() or 1))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._too_long:
            terminalreporter.section(f"failed: tests of more than {self._seconds:g} s", red=True)
        for report in self._too_long:
            terminalreporter.write_line(f"{report.duration:.1f} s  {report.nodeid}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: more processes than cores, since most of what takes long waits for a command."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("longest_test", "seconds that a test may take before the run fails", default="5")


@settings(max_examples=1, database=None)
@given(strategies.text())
def _draw_a_text(_text: str) -> None:
    pass


def pytest_collection_finish(session: pytest.Session) -> None:
    # With its first text hypothesis reads all our modules for constants: seconds in a fresh clone.
    if hasattr(session.config, "workerinput"):
        _draw_a_text()


def pytest_configure(config: pytest.Config) -> None:
    longest = float(config.getini("longest_test"))
    config.pluginmanager.register(LongestTest(longest, config.getoption("numprocesses", None) or 1))
