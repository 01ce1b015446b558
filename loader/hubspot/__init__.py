"""HubSpot over HTTP: one request goes out, one verdict comes back.

client       HubSpot: sends a request when the pace allows it, and returns what came of it
answers      what an answer means: the outcome table of the contract (section 4), as data
results      what stands in an answer that went well
details      the error objects of an answer: their words, their JSON, their scopes
waits        Retry-After
faults       what it means that no answer came
deadlines    how long a request may take
transport    the base URL's rules, TLS, proxies, and reading a body within bounds
credentials  where the token comes from
oauth        access tokens that the loader fetches and renews itself
secret       text that no message, log or traceback shows
verdict      the value that all of them speak
"""

from loader.hubspot.answers import decode, entries, judge, judge_status
from loader.hubspot.client import Answer, HubSpot
from loader.hubspot.credentials import Credentials, StaticToken, find_credentials
from loader.hubspot.oauth import OAuth
from loader.hubspot.retry_after import retry_after
from loader.hubspot.secret import Secret
from loader.hubspot.transport import parse_base_url
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
    "decode",
    "entries",
    "find_credentials",
    "judge",
    "judge_status",
    "parse_base_url",
    "retry_after",
]
