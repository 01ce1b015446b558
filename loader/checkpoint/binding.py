"""The HubSpot account that a load is bound to (contract, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from loader.errors import CheckpointError

#: Stands for every `*.hubapi.com` host: an account keeps its ID when it moves to another data centre.
HUBSPOT = "hubapi.com"


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Which account a load belongs to.

    account_id: None if HubSpot does not say.
    ui_domain: where the account's pages are, such as ``app.hubspot.com``; may be empty.
    host: `HUBSPOT`, or the name of any other host, without the port.
    simulated: the account was a simulator inside the process.
    """

    account_id: int | None
    ui_domain: str = ""
    host: str = HUBSPOT
    simulated: bool = False

    @classmethod
    def of(
        cls, base_url: str, account_id: int | None, ui_domain: str = "", *, simulated: bool = False
    ) -> Binding:
        """The binding of a run against `base_url`."""
        host = (urlsplit(base_url).hostname or "").rstrip(".")
        hubspot = host == HUBSPOT or host.endswith(f".{HUBSPOT}")
        return cls(
            account_id=account_id,
            ui_domain=ui_domain,
            host="simulator" if simulated else HUBSPOT if hubspot else host,
            simulated=simulated,
        )

    def __str__(self) -> str:
        where = "" if self.host == HUBSPOT else f" on {self.host}"
        return f"account {'unknown' if self.account_id is None else self.account_id}{where}"

    def continued_by(self, now: Binding) -> Binding:
        """The binding from now on, if a run with the binding `now` may continue a load with this one.

        An unknown account becomes known. If the run may not, raises CheckpointError, naming both.
        """
        if self.host != now.host:
            raise CheckpointError(
                f"this load belongs to {self}, and this run would go to {now}",
                "Use the --base-url of that host, or load into another report with --report.",
            )
        if self.account_id is None or self.account_id == now.account_id:
            return now
        if now.account_id is None:
            raise CheckpointError(
                f"this load belongs to {self}, and HubSpot does not say whose account this token opens",
                "Use a token that may read the account's details.",
            )
        raise CheckpointError(
            f"this load belongs to {self}, and the token opens {now}",
            "Use a token of that account, or load into another report with --report.",
        )
