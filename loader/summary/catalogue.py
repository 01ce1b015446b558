"""Every cause that a pair's status can have: a key for scripts, a title and advice for people."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Fix(StrEnum):
    """What helps, and so which command comes next."""

    NONE = ""  # nothing to do, or nothing that loading again would change
    FILE = "file"  # correct the input, then `load` as before: a corrected row is a new pair
    RETRY = "retry"  # change something in HubSpot, or just wait, then `load --retry`
    VERIFY = "verify"  # `verify` again


class Cause(NamedTuple):
    """Why pairs have their status.

    key: stable, for scripts
    title: what happened, without a full stop
    advice: whole sentences: first what to do, then why; the command of `fix` follows
    needs_attention: whether a person has to do something
    """

    key: str
    title: str
    advice: str = ""
    fix: Fix = Fix.NONE
    needs_attention: bool = True

    @property
    def action(self) -> str:
        """The first sentence of the advice, which says what to do."""
        return self.advice.split(". ")[0].removesuffix(".")


ASSOCIATED = Cause("associated", "The association exists", needs_attention=False)
EXISTING = Cause("existing", "The association existed before the load", needs_attention=False)
DUPLICATE = Cause("duplicate", "The same pair as an earlier row", needs_attention=False)
EMPTY = Cause("empty", "No ID in the cell, nothing to associate", needs_attention=False)
REMOVED = Cause("removed", "Removed by undo", needs_attention=False)
NOT_SENT = Cause("not_sent", "Not sent yet", needs_attention=False)

# Rows that could not be sent.
MISSING_ID = Cause(
    "missing_id",
    "A record ID is missing",
    "Fill in the cell, or add --allow-empty if such rows are normal in this file.",
    Fix.FILE,
)
DESTROYED_ID = Cause(
    "destroyed_id",
    "A spreadsheet shortened the ID; its last digits are lost",
    "Export the IDs again, with that column as text. The digits can't be restored from the file.",
    Fix.FILE,
)
ID_OUT_OF_RANGE = Cause(
    "id_out_of_range",
    "The ID is zero or too large",
    "Correct the cell. HubSpot has no such record: two IDs may be joined, or it is another system's ID.",
    Fix.FILE,
)
BAD_ID = Cause(
    "bad_id",
    "The cell is not a HubSpot record ID",
    "Correct the cell. A record ID is digits only, not a name or an e-mail address. If every row says "
    "this, the wrong column was read: name the columns with --from-column and --to-column.",
    Fix.FILE,
)
MISSING_TYPE = Cause(
    "missing_type",
    "The object type is missing",
    "Fill in the type cell, or name the types with --from-type and --to-type.",
    Fix.FILE,
)
BAD_TYPE = Cause(
    "bad_type",
    "The cell is not an object type",
    "Correct the cell. Types are names such as contacts or p_pets, or IDs such as 0-1 or 2-12345.",
    Fix.FILE,
)
TOO_FEW_FIELDS = Cause(
    "too_few_fields",
    "The row has fewer cells than the header",
    "Complete the row. Something is missing in it, so none of its cells can be trusted.",
    Fix.FILE,
)
TOO_MANY_FIELDS = Cause(
    "too_many_fields",
    "The row has more cells than the header",
    "Put the value that holds the delimiter in quotes. Without them no cell of the row can be trusted.",
    Fix.FILE,
)
SELF_PAIR = Cause(
    "self_pair",
    "The record is paired with itself",
    "Correct one of the two IDs. HubSpot does not associate a record with itself.",
    Fix.FILE,
)
INVALID = Cause(
    "invalid",
    "The row could not be sent",
    "Correct the row; the message says what is wrong.",
    Fix.FILE,
)

# HubSpot refused the pair.
RECORD_MISSING = Cause(
    "record_missing",
    "A record was deleted or merged, or never existed",
    "Put current IDs into the file. HubSpot has no such record of that type; check also that the two ID "
    "columns are not swapped.",
    Fix.FILE,
)
NOT_FOUND = Cause(
    "not_found",
    "HubSpot did not find what the request names",
    "Put current IDs into the file. Usually a record was deleted or merged; if every pair says this, "
    "check --base-url and --api-version.",
    Fix.FILE,
)
UNKNOWN_TYPE = Cause(
    "unknown_type",
    "HubSpot does not know the object type",
    "Check the spelling of both types. Custom objects go by their type ID, such as 2-12345 (in HubSpot: "
    "Settings > Objects).",
    Fix.FILE,
)
ASSOCIATION_LIMIT = Cause(
    "association_limit",
    "A record has as many associations as HubSpot allows",
    "Remove associations of that record, or raise the limit. In HubSpot: Settings > Objects > Associations.",
    Fix.RETRY,
)
NO_DEFAULT_TYPE = Cause(
    "no_default_type",
    "The two object types have no default association",
    "Loading again does not help. HubSpot defines a default for most pairs of types, but not for all "
    "custom objects (Settings > Objects > Associations); `check --online` asks.",
)
NO_PERMISSION = Cause(
    "no_permission",
    "The token's user may not edit one of the two records",
    "Have an administrator check the permissions, or make a new token. Often the user who made the "
    "token has left the account.",
    Fix.RETRY,
)
WRONG_ADDRESS = Cause(
    "wrong_address",
    "HubSpot does not take this request at this address",
    "Check --base-url and --api-version. A dated version is supported for 18 months.",
    Fix.RETRY,
)
NOT_IN_RESULTS = Cause(
    "not_in_results",
    "HubSpot answered success but made no association",
    "Look at one pair in HubSpot: both records must exist. Three answers said success without naming "
    "the pair; if it happens again, give the correlation ID to HubSpot support.",
    Fix.RETRY,
)
REFUSED = Cause(
    "refused",
    "HubSpot refused the pair",
    "Fix what the message describes. HubSpot support finds the request by its correlation ID.",
    Fix.RETRY,
)

# No usable answer at any attempt.
TIMEOUT = Cause(
    "timeout",
    "HubSpot did not answer in time",
    "Send them again, with --timeout 90 if it repeats. HubSpot or the network was slow.",
    Fix.RETRY,
)
CONNECTION_BROKEN = Cause(
    "connection_broken",
    "The connection broke before the answer",
    "Check the network, a proxy or a VPN. Retrying never makes an association twice.",
    Fix.RETRY,
)
UNREADABLE_ANSWER = Cause(
    "unreadable_answer",
    "The answer was not HubSpot's",
    "Check the network and --base-url. Something in between, such as a proxy or a log-in page, may have "
    "answered.",
    Fix.RETRY,
)
PENDING = Cause(
    "pending",
    "HubSpot accepted the pair but did not finish it",
    "Wait a few minutes. It was still pending, or canceled, at the last attempt.",
    Fix.RETRY,
)
LOCKED = Cause(
    "locked",
    "The record was locked",
    "Wait until the import, merge or workflow on that record has ended.",
    Fix.RETRY,
)
CONFLICT = Cause(
    "conflict",
    "HubSpot was busy with the same record",
    "Send them again. Another change of the record came at the same moment.",
    Fix.RETRY,
)
SERVER_TROUBLE = Cause(
    "server_trouble",
    "HubSpot had an internal error at every attempt",
    "Wait until https://status.hubspot.com shows no trouble.",
    Fix.RETRY,
)
NO_ANSWER = Cause(
    "no_answer",
    "No usable answer at any attempt",
    "Check the network.",
    Fix.RETRY,
)

# What `verify` found.
VERIFIED_MISSING = Cause(
    "verified_missing",
    "The association was made, but verify did not find it",
    "Make it again if it should exist. Someone or something has removed it since, or a record was "
    "deleted or merged.",
    Fix.RETRY,
)
VERIFIED_UNKNOWN = Cause(
    "verified_unknown",
    "Verify got no usable answer about the association",
    "Ask again. HubSpot answered at loading time that it exists.",
    Fix.VERIFY,
)
NOT_VERIFIED = frozenset({VERIFIED_MISSING, VERIFIED_UNKNOWN})
