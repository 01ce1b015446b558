"""Where the token comes from, what is refused, and that nothing quotes it."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest
from multidict import CIMultiDict

from loader.errors import CredentialsError, UsageError
from loader.hubspot import OAuth, Secret, StaticToken, find_credentials
from loader.hubspot.credentials import Credentials, parse_token
from loader.hubspot.secret import BearerHeader
from tests.support.wire import TOKEN

OAUTH = {"HUBSPOT_CLIENT_ID": "id", "HUBSPOT_CLIENT_SECRET": "secret-1", "HUBSPOT_REFRESH_TOKEN": "refresh-1"}
ACCESS = {"HUBSPOT_ACCESS_TOKEN": TOKEN}


def find(
    environ: dict[str, str] | None = None,
    file: Path | str | None = None,
    stdin: bytes | None = b"",
    base_url: str = "https://api.hubapi.com",
    warnings: list[str] | None = None,
) -> Credentials:
    return find_credentials(
        base_url,
        token_file=None if file is None else str(file),
        environ=environ or {},
        stdin=None if stdin is None else io.BytesIO(stdin),
        warn=(warnings if warnings is not None else []).append,
    )


def token_of(found: Credentials) -> str:
    assert isinstance(found, StaticToken)
    assert TOKEN not in repr(vars(found))
    return asyncio.run(found.token()).reveal()


@pytest.mark.parametrize(
    "raw",
    [
        TOKEN,
        f"  {TOKEN}\r\n",
        f"\ufeff{TOKEN}\n",
        f"Bearer {TOKEN}",
        f"bearer \t{TOKEN}\n",
        f'"{TOKEN}"',
        f"'{TOKEN}'\r\n",
        f"\u201c{TOKEN}\u201d",
        f'" Bearer {TOKEN} "',
        f"Bearer '{TOKEN}'",
        f'"{TOKEN}"\n'.encode(),
        TOKEN.encode(),
        f"\ufeff{TOKEN}\n".encode(),
        f"{TOKEN}\r\n".encode("utf-16"),
        b"\xfe\xff" + TOKEN.encode("utf-16-be"),
    ],
)
def test_what_surrounds_a_token_is_taken_away(raw: str | bytes) -> None:
    assert parse_token(raw, "it").reveal() == TOKEN


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " \n",
        "Bearer ",
        "\ufeff",
        f"{TOKEN} {TOKEN}",
        f"{TOKEN}\n{TOKEN}",
        f'"{TOKEN}',
        f"{TOKEN}'\"",
        '""',
        f"{TOKEN}\\",
        f"{TOKEN}\x00x",
        f"{TOKEN}\x7f",
        f"{TOKEN}\u2026",
        f"{TOKEN}\u00e9",
        b"\xff\xfex",
        b"\x80" + TOKEN.encode(),
    ],
)
def test_what_is_no_token_is_refused_without_quoting_it(raw: str | bytes) -> None:
    with pytest.raises(CredentialsError) as caught:
        parse_token(raw, "its source")
    assert "its source" in str(caught.value)
    assert TOKEN not in f"{caught.value!r} {caught.value.hint} {caught.value.__context__!r}"


def test_the_token_file_comes_before_the_variable_and_the_variable_before_oauth(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("pat-from-a-file\n")
    file.chmod(0o600)
    assert token_of(find({**OAUTH, **ACCESS}, file)) == "pat-from-a-file"
    assert token_of(find({**OAUTH, **ACCESS})) == TOKEN
    assert isinstance(find(OAUTH), OAuth)
    assert isinstance(find({**OAUTH, "HUBSPOT_ACCESS_TOKEN": ""}), OAuth)


def test_a_dash_is_standard_input() -> None:
    assert token_of(find(file="-", stdin=f"{TOKEN}\n".encode())) == TOKEN
    with pytest.raises(CredentialsError, match="standard input holds no access token"):
        find(file="-", stdin=None)


@pytest.mark.parametrize("environ", [{}, {"HUBSPOT_ACCESS_TOKEN": ""}, {"HUBSPOT_CLIENT_ID": ""}])
def test_no_token_at_all_says_where_to_put_one(environ: dict[str, str]) -> None:
    with pytest.raises(CredentialsError) as caught:
        find(environ)
    assert "HUBSPOT_ACCESS_TOKEN" in caught.value.hint
    assert "--token-file" in caught.value.hint


@pytest.mark.parametrize("name", OAUTH)
def test_oauth_needs_all_three(name: str) -> None:
    with pytest.raises(CredentialsError, match=name):
        find({**OAUTH, name: ""})


def test_oauth_secrets_go_to_no_plain_host() -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        find(OAUTH, base_url="http://api.hubapi.com")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"none.* can't be read: No such file"):
        find(file=tmp_path / "none")
    with pytest.raises(CredentialsError, match="can't be read"):
        find(file=tmp_path)
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    with pytest.raises(CredentialsError, match="too large"):
        find(file=tmp_path / "large")


@pytest.mark.skipif(
    os.name != "posix", reason="Windows keeps who may read in lists that a mode does not show"
)
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, warned: bool) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    warnings: list[str] = []
    assert token_of(find(file=file, warnings=warnings)) == TOKEN
    assert bool(warnings) is warned
    assert all(f"chmod 600 {file}" in warning and TOKEN not in warning for warning in warnings)


def test_a_secret_hides_itself() -> None:
    secret = Secret(TOKEN)
    header = BearerHeader(secret)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031
    shown += [repr(header), repr({"Authorization": header}), repr(CIMultiDict(Authorization=header))]
    assert TOKEN not in " ".join(shown)
    assert str(header) == f"Bearer {TOKEN}"
    html, url = "".join(f"&#{ord(c)};" for c in TOKEN), "".join(f"%{ord(c):02X}" for c in TOKEN)
    for spelling in (TOKEN, html, url, "".join(f"\\u{ord(c):04x}" for c in TOKEN)):
        assert secret.hide_in(f"a {spelling} b") == "a [hidden] b"
    assert Secret("a").hide_in("a banana") == "a banana"
