"""HubSpot over HTTP: one request goes out, one verdict comes back."""

import loader.hubspot.tls  # noqa: F401 - first: it imports aiohttp whatever SSLKEYLOGFILE names
from loader.hubspot.client import Answer, HubSpot
from loader.hubspot.credentials import Credentials, StaticToken, find_credentials
from loader.hubspot.oauth import OAuth
from loader.hubspot.outcome_table import judge
from loader.hubspot.secret import Secret
from loader.hubspot.verdict import Kind, Verdict

__all__ = [
    "Answer",
    "Credentials",
    "HubSpot",
    "Kind",
    "OAuth",
    "Secret",
    "StaticToken",
    "Verdict",
    "find_credentials",
    "judge",
]
