"""A HubSpot look-alike on loopback, to practise on and to test against.

    async with Sandbox(SandboxSettings(rate_limit=100)) as sandbox:
        ...  # the API is at sandbox.url; sandbox.state seeds, breaks and inspects it

Modules, each knowing only those before it: `settings`; `object_types`, `magic`, `limits`; `state`;
`answers`, `inputs`; `faults`, `wire`; `associations`, `account`; `routes`; `server`.
"""

from loader.sandbox.magic import magic_table
from loader.sandbox.object_types import AssociationType
from loader.sandbox.server import Sandbox, serve
from loader.sandbox.settings import SandboxSettings
from loader.sandbox.state import Ends, SandboxState, SeenRequest

__all__ = [
    "AssociationType",
    "Ends",
    "Sandbox",
    "SandboxSettings",
    "SandboxState",
    "SeenRequest",
    "magic_table",
    "serve",
]
