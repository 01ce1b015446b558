"""The settings of a simulator: the account that it plays, its limits, its network and its answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: Lowest and highest number of seconds; a value is drawn uniformly from between them.
Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The account that a simulator plays. The defaults are an Enterprise account on a perfect network.

    Limits
        rate_limit: requests per `interval` for each token; 0 for no limit and no headers about it.
        interval: length of the window in seconds.
        window: ``rolling`` counts the last `interval` seconds before each request, as HubSpot does;
            ``fixed`` counts from the last whole multiple of `interval`.
        count_rejected: whether a request that was answered 429 also counts in the window.
        count_batch_calls: whether the batch calls for associations count in the window. HubSpot's
            specification exempts them; nothing proves that it does.
        limit_headers: whether answers have the `X-HubSpot-RateLimit-*` headers.
        retry_after: the `Retry-After` header of the 429s that the limits cause; None for none.
        daily_limit: requests per day of all tokens together; None for none and no daily headers,
            as for an OAuth app.
        day_length: seconds from one daily reset to the next; None for midnight in `time_zone`.
        reset_delay: seconds after midnight at which the daily limit is really reset.

    Network
        arrival_jitter: seconds that a request takes to arrive, drawn before it is counted.
        latency: seconds that an answer takes, drawn after the request was counted and carried out.

    Access
        tokens: access tokens that are accepted besides those that the OAuth endpoint issued; None for any.
        refresh_tokens: refresh tokens that the OAuth endpoint accepts; None for any.
        rotate_refresh_tokens: whether each refresh token works only once; the answer has the next one.
        token_lifetime: seconds that an access token of the OAuth endpoint lives.
        oauth_versions: versions of ``/oauth/{version}/token`` that exist; the others answer 404.
        types_without_scope: object types, by name or ID, whose write scopes the token lacks.
        types_without_read_scope: object types whose records the token can't read.
        types_refused: object types whose records exist, but whose pairs are refused in the words for a
            record that does not exist.

    Data
        max_associations: records of one type that one record may be associated with; None for no limit.
        configured_associations: the lower limit that the account's admins have set; None for none.
        read_page: associations that a batch read gives per record and page.
        read_results: number of results over which a batch read spreads the page of one record.
        batch_failure: how a batch associate answers if some of its pairs are bad, which HubSpot does not
            document: ``207`` or ``200`` with `errors`, or ``400`` for the whole batch, and nothing is made.
        name_bad_pairs: whether each of those `errors` names its pair.
        named_errors: most errors that an answer lists; `numErrors` counts all. None for no maximum.
        sub_category: the form of `subCategory` in those `errors`: a ``string`` as in live answers, or an
            ``object`` as in the specification.
        archive_answer: the answer to a batch archive without errors: ``204``, ``COMPLETE`` (200 as in the
            specification), ``200`` or ``202`` without a body, ``{}``, or ``{"success": false}``.
        archive_removes: whether a batch archive removes anything.

    Account
        portal_id, time_zone, account_type, ui_domain, data_hosting: as `account-info/…/details` gives them.
        seed: of the latencies and the correlation IDs.
    """

    rate_limit: int = 190
    interval: float = 10.0
    window: Literal["rolling", "fixed"] = "rolling"
    count_rejected: bool = False
    count_batch_calls: bool = True
    limit_headers: bool = True
    retry_after: str | None = None
    daily_limit: int | None = 1_000_000
    day_length: float | None = None
    reset_delay: float = 0.0

    arrival_jitter: Seconds = (0.0, 0.0)
    latency: Seconds = (0.0, 0.0)

    tokens: frozenset[str] | None = field(default=None, repr=False)
    refresh_tokens: frozenset[str] | None = field(default=None, repr=False)
    rotate_refresh_tokens: bool = False
    token_lifetime: float = 1800.0
    oauth_versions: frozenset[str] = frozenset({"v1", "2026-03"})
    types_without_scope: frozenset[str] = frozenset()
    types_without_read_scope: frozenset[str] = frozenset()
    types_refused: frozenset[str] = frozenset()

    max_associations: int | None = None
    configured_associations: int | None = None
    read_page: int = 500
    read_results: int = 1
    batch_failure: Literal["207", "200", "400"] = "207"
    name_bad_pairs: bool = True
    named_errors: int | None = None
    sub_category: Literal["string", "object"] = "string"
    archive_answer: Literal["204", "COMPLETE", "200", "202", "{}", '{"success": false}'] = "204"
    archive_removes: bool = True

    portal_id: int = 62515
    time_zone: str = "US/Eastern"
    account_type: str = "STANDARD"
    ui_domain: str = "app.hubspot.com"
    data_hosting: str = "na1"
    seed: int = 0

    @property
    def most_associations(self) -> int | None:
        """The lower of the two limits on associations; None for no limit."""
        limits = [self.max_associations, self.configured_associations]
        return min((limit for limit in limits if limit is not None), default=None)
