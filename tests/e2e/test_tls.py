"""TLS and the environment: its mistakes are named if TLS is needed, and ignored if it is not."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import TYPES, load, run, write_pairs

MISTAKES = {"SSL_CERT_FILE": "/old/conda/env/ssl/cacert.pem", "SSLKEYLOGFILE": "/nonexistent/dir/keys.log"}


def test_what_needs_no_tls_does_not_look_at_them(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    ended = run("load", "--simulate", pairs, *TYPES, env=MISTAKES)
    assert ended.code == 0, ended.err


def test_if_tls_is_needed_the_mistake_is_named(tmp_path: Path) -> None:
    variable = "SSLKEYLOGFILE"
    pairs = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    ended = load("https://localhost:9", pairs, env={variable: MISTAKES[variable]})
    assert ended.code == 2
    assert f"{variable} names {MISTAKES[variable]}, which " in ended.err
    assert "unset it" in ended.err
    assert [*tmp_path.iterdir()] == [pairs]
