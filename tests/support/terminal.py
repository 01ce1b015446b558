"""The command on a terminal of its own, which a test watches and types into. POSIX only."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.command import COMMAND, PATIENCE, Finished, Process, end, environment, start
from tests.support.warm import warm

CTRL_C, CTRL_D = b"\x03", b"\x04"

# Makes the terminal the controlling one, so that Ctrl-C becomes a signal. Popen's preexec_fn could do that
# too, but is not safe in a process with threads, such as the one that serves the simulator.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _start(words: tuple[str | Path, ...], env: Mapping[str, str], terminal: int, output: bool) -> Process:
    waiting = warm()
    if waiting is not None and waiting.serves(environment(env)):
        outputs = (1, 2) if output else (2,)
        return waiting.start([*map(str, words)], environment(env), Path.cwd(), terminal, outputs)
    return start(
        *words,
        command=(sys.executable, "-c", _TAKE_TERMINAL, *COMMAND),
        env=env,
        stdin=terminal,
        stdout=terminal if output else subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
    )


class Terminal:
    """Runs the command with a terminal as standard input and standard error while its `with` block runs.

    columns: width of the terminal.
    output: whether the terminal is standard output too.
    """

    def __init__(
        self,
        *arguments: str | Path,
        columns: int = 80,
        output: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        import fcntl
        import pty
        import termios

        self._keyboard, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = _start(arguments, {"TERM": "xterm", "COLUMNS": "", **(env or {})}, terminal, output)
        os.close(terminal)
        self._seen = bytearray()
        self._more = threading.Condition()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        self._watcher.join(PATIENCE)
        os.close(self._keyboard)

    @property
    def screen(self) -> str:
        """What was shown so far, without colours and movements of the cursor."""
        return _ESCAPE_SEQUENCE.sub("", self.shown).replace("\r\n", "\n")

    @property
    def shown(self) -> str:
        """What was written to the terminal so far."""
        return bytes(self._seen).decode("utf-8", "replace")

    def wait_for(self, text: str, timeout: float = PATIENCE) -> None:
        """Wait until `text` is on the screen."""
        with self._more:
            assert self._more.wait_for(lambda: text in self.screen, timeout), self.screen

    def press(self, keys: bytes) -> None:
        """Type `keys` as soon as the program waits for something.

        No sooner, as a person would: a Ctrl-C that arrives after Python's last look at signals and before
        its read of the keyboard interrupts nothing, and the program waits for the next key.
        """
        self._wait_until_asleep()
        os.write(self._keyboard, keys)

    def end(self, timeout: float = PATIENCE) -> Finished:
        """Wait for the command to end; `err` is the screen."""
        ended = end(self._process, timeout)
        self._watcher.join(PATIENCE)
        return ended._replace(err=self.screen)

    def _watch(self) -> None:
        while True:
            try:
                data = os.read(self._keyboard, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            with self._more:
                self._seen += data
                self._more.notify_all()

    def _wait_until_asleep(self) -> None:
        status = Path(f"/proc/{self._process.pid}/stat")
        if not status.exists():  # not Linux
            time.sleep(0.2)
            return
        asleep = 0
        while asleep < 2 and self._process.poll() is None:  # twice, since a write to it may sleep too
            time.sleep(0.01)
            asleep = asleep + 1 if status.read_text().rpartition(")")[2].split()[0] == "S" else 0
