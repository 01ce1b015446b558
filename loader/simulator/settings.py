"""What a simulator can be told: the account that it plays, its limits, its network and its whims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: A range of seconds, drawn from uniformly.
Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The account that a simulator plays. The defaults are an Enterprise account on a perfect network.

    Limits
        rate_limit: requests per `interval` for each token; 0 lifts the limit and its headers.
        interval: length of the window in seconds.
        window: ``rolling`` counts the last `interval` seconds before each request, as HubSpot does;
            ``fixed`` counts from the last whole multiple of `interval`.
        count_rejected: whether a request answered 429 takes a place in the window too.
        limit_headers: whether answers carry the `X-HubSpot-RateLimit-*` headers.
        daily_limit: requests per day of all tokens together; None for none and no daily headers,
            which is what an OAuth app sees.
        day_length: seconds from one daily reset to the next, for practice; None for midnight in `time_zone`.

    Network
        arrival_jitter: seconds that a request takes to arrive, drawn before it is counted.
        latency: seconds that an answer takes, drawn after the request was counted and carried out.

    Access
        tokens: access tokens that are accepted (besides those that the OAuth endpoint gave out);
            None accepts any.
        refresh_tokens: refresh tokens that the OAuth endpoint accepts; None accepts any.
        token_lifetime: seconds that an access token of the OAuth endpoint lives.
        types_without_scope: object types, by name or ID, whose scopes the token lacks.

    Data
        max_associations: records of one type that one record may be associated with; None for no limit.
        configured_associations: the lower limit that the account's admins have set; None for none.
        read_page: associations that a batch read gives per record and page.
        batch_failure: how a batch associate answers when some of its pairs are bad, which HubSpot does not
            document: ``207`` or ``200`` with `errors`, or ``400`` for all of them and nothing made.
        name_bad_pairs: whether those `errors` say which pair each of them is about.

    Account
        portal_id, time_zone, account_type, ui_domain, data_hosting: as `account-info/…/details` gives them.
        seed: of the latencies and the correlation IDs.
    """

    rate_limit: int = 190
    interval: float = 10.0
    window: Literal["rolling", "fixed"] = "rolling"
    count_rejected: bool = False
    limit_headers: bool = True
    daily_limit: int | None = 1_000_000
    day_length: float | None = None

    arrival_jitter: Seconds = (0.0, 0.0)
    latency: Seconds = (0.0, 0.0)

    tokens: frozenset[str] | None = field(default=None, repr=False)
    refresh_tokens: frozenset[str] | None = field(default=None, repr=False)
    token_lifetime: float = 1800.0
    types_without_scope: frozenset[str] = frozenset()

    max_associations: int | None = None
    configured_associations: int | None = None
    read_page: int = 500
    batch_failure: Literal["207", "200", "400"] = "207"
    name_bad_pairs: bool = True

    portal_id: int = 62515
    time_zone: str = "US/Eastern"
    account_type: str = "STANDARD"
    ui_domain: str = "app.hubspot.com"
    data_hosting: str = "na1"
    seed: int = 0

    @property
    def most_associations(self) -> int | None:
        """The lower of the two limits; None for no limit."""
        limits = [self.max_associations, self.configured_associations]
        return min((limit for limit in limits if limit is not None), default=None)
