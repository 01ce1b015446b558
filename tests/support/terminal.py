"""The command on a terminal of a given width, and what it writes there."""

from __future__ import annotations

import os
import signal
import struct
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.command import Finished, end, start


def on_a_terminal(
    *command: str | Path, columns: int = 80, env: Mapping[str, str] | None = None, until: str = ""
) -> str:
    """Run a command with its outputs on a terminal; Ctrl-C it when it has written `until`."""
    import fcntl
    import pty
    import termios

    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen, shown = bytearray(), threading.Event()

    def look() -> None:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the terminal is closed
                return
            seen.extend(data)
            if until.encode() in seen:
                shown.set()

    watcher = threading.Thread(target=look)
    watcher.start()
    settings = {"TERM": "xterm", "COLUMNS": "", **(env or {})}
    process = start(*command, stdout=terminal, stderr=terminal, env=settings)
    if until:
        shown.wait(20)
        process.send_signal(signal.SIGINT)
    ended: Finished = end(process)
    os.close(terminal)
    watcher.join(20)
    os.close(ours)
    assert not until or ended.code == 130, ended
    return seen.decode()
