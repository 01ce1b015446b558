"""The trusted certificates: what the environment adds, and what it gets wrong."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

import pytest

from loader.errors import UsageError
from loader.hubspot.tls import tls_context

CERTIFICATE = Path(__file__).parents[2] / "support" / "tls.pem"
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES[1:]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_certificates_of_a_file_are_trusted(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.setenv(variable, str(CERTIFICATE))
    pem = re.search(r"-----BEGIN CERTIFICATE-.*-END CERTIFICATE-----", CERTIFICATE.read_text(), re.DOTALL)
    assert pem is not None
    assert ssl.PEM_cert_to_DER_cert(pem[0]) in tls_context().get_ca_certs(binary_form=True)


def test_folders_and_lists_of_folders_will_do(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    environment.setenv("SSL_CERT_DIR", os.pathsep.join(["/nonexistent", str(tmp_path)]))
    tls_context()


@pytest.mark.parametrize("variable", VARIABLES)
def test_an_empty_variable_is_none(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.setenv(variable, "")
    tls_context()


@pytest.mark.parametrize(
    ("variable", "content", "wrong"),
    [
        ("SSL_CERT_FILE", None, "does not exist"),
        ("SSL_CERT_FILE", "no certificate", "can't be used"),
        ("REQUESTS_CA_BUNDLE", None, "does not exist"),
        ("REQUESTS_CA_BUNDLE", "no certificate", "can't be used"),
        ("SSL_CERT_DIR", None, "does not exist"),
    ],
)
def test_a_mistake_is_named(
    environment: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None, wrong: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    environment.setenv(variable, str(path))
    with pytest.raises(UsageError, match=wrong) as caught:
        tls_context()
    assert str(caught.value).startswith(f"{variable} names {path}, which {wrong}")


def test_a_key_log_that_can_be_written_is_used(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert tls_context().keylog_filename == str(tmp_path / "keys")


def test_a_key_log_in_no_folder_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    with pytest.raises(UsageError, match="which can't be written"):
        tls_context()
