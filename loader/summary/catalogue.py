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
    advice: what to do, in whole sentences; the command that `fix` stands for follows it
    needs_attention: whether a person has to do something
    """

    key: str
    title: str
    advice: str = ""
    fix: Fix = Fix.NONE
    needs_attention: bool = True


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
    "Fill in the cell. If rows without an ID are normal in this file, add --allow-empty.",
    Fix.FILE,
)
DESTROYED_ID = Cause(
    "destroyed_id",
    "A spreadsheet shortened the ID; its last digits are lost",
    "Export the IDs again, import that column as text, and put the whole IDs into the file.",
    Fix.FILE,
)
ID_OUT_OF_RANGE = Cause(
    "id_out_of_range",
    "The ID is zero or too large",
    "HubSpot has no such record. Two IDs may be joined, or it is another system's ID. Correct the cell.",
    Fix.FILE,
)
BAD_ID = Cause(
    "bad_id",
    "The cell is not a HubSpot record ID",
    "A record ID is digits only, not a name or an e-mail address. Correct the cell. If every row says this, "
    "the wrong column was read: name the columns with --from-column and --to-column.",
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
    "Types are names such as contacts or p_pets, or IDs such as 0-1 or 2-12345. Correct the cell.",
    Fix.FILE,
)
TOO_FEW_FIELDS = Cause(
    "too_few_fields",
    "The row has fewer cells than the header",
    "Something is missing in the row, so none of its cells can be trusted. Complete it.",
    Fix.FILE,
)
TOO_MANY_FIELDS = Cause(
    "too_many_fields",
    "The row has more cells than the header",
    "Usually a value holds the delimiter and is not in quotes, so no cell of the row can be trusted. "
    "Put the value in quotes.",
    Fix.FILE,
)
SELF_PAIR = Cause(
    "self_pair",
    "The record is paired with itself",
    "HubSpot does not associate a record with itself. If one of the two IDs is a mistake, correct it.",
    Fix.FILE,
)
INVALID = Cause(
    "invalid",
    "The row could not be sent",
    "The message says what is wrong. Correct the row.",
    Fix.FILE,
)

# HubSpot refused the pair.
RECORD_MISSING = Cause(
    "record_missing",
    "A record was deleted or merged, or never existed",
    "HubSpot has no such record of that type. Check that the two ID columns are not swapped, then put "
    "current IDs into the file.",
    Fix.FILE,
)
NOT_FOUND = Cause(
    "not_found",
    "HubSpot did not find what the request names",
    "Usually a record was deleted or merged: put current IDs into the file. If every pair says this, check "
    "--base-url and --api-version.",
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
    "Remove associations of that record that are no longer needed, or raise the limit (in HubSpot: "
    "Settings > Objects > Associations).",
    Fix.RETRY,
)
NO_DEFAULT_TYPE = Cause(
    "no_default_type",
    "The two object types have no default association",
    "Loading again does not help. HubSpot defines a default for most pairs of types, but not for all custom "
    "objects (Settings > Objects > Associations); `check --online` asks.",
)
NO_PERMISSION = Cause(
    "no_permission",
    "The token's user may not edit one of the two records",
    "Often the user who made the token has left the account. Have an administrator check the permissions or "
    "make a new token.",
    Fix.RETRY,
)
WRONG_ADDRESS = Cause(
    "wrong_address",
    "HubSpot does not take this request at this address",
    "Check --base-url and --api-version; a dated version lives 18 months.",
    Fix.RETRY,
)
NOT_IN_RESULTS = Cause(
    "not_in_results",
    "HubSpot answered success but made no association",
    "Three answers said success without naming the pair. Look at one pair in HubSpot: both records must "
    "exist. If it happens again, give the correlation ID to HubSpot support.",
    Fix.RETRY,
)
REFUSED = Cause(
    "refused",
    "HubSpot refused the pair",
    "The message says why. HubSpot support finds the request by its correlation ID.",
    Fix.RETRY,
)

# No usable answer at any attempt.
TIMEOUT = Cause(
    "timeout",
    "HubSpot did not answer in time",
    "HubSpot or the network was slow. If it happens again, allow more time with --timeout 90.",
    Fix.RETRY,
)
CONNECTION_BROKEN = Cause(
    "connection_broken",
    "The connection broke before the answer",
    "The network, a proxy or a VPN closed the connection. Check it. A pair that was made after all is not "
    "made twice.",
    Fix.RETRY,
)
UNREADABLE_ANSWER = Cause(
    "unreadable_answer",
    "The answer was not HubSpot's",
    "Something in between, such as a proxy or a log-in page, may have answered. Check the network and "
    "--base-url.",
    Fix.RETRY,
)
PENDING = Cause(
    "pending",
    "HubSpot accepted the pair but did not finish it",
    "It was still pending, or canceled, at the last attempt. Wait a few minutes.",
    Fix.RETRY,
)
LOCKED = Cause(
    "locked",
    "The record was locked",
    "An import, a merge or a workflow was changing it. Wait until that has ended.",
    Fix.RETRY,
)
CONFLICT = Cause(
    "conflict",
    "HubSpot was busy with the same record",
    "Another change came at the same moment.",
    Fix.RETRY,
)
SERVER_TROUBLE = Cause(
    "server_trouble",
    "HubSpot had an internal error at every attempt",
    "See https://status.hubspot.com and wait until it is over.",
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
    "Someone or something has removed it since, or a record was deleted or merged.",
    Fix.RETRY,
)
VERIFIED_UNKNOWN = Cause(
    "verified_unknown",
    "Verify got no usable answer about the association",
    "HubSpot answered at loading time that it exists.",
    Fix.VERIFY,
)
NOT_VERIFIED = frozenset({VERIFIED_MISSING, VERIFIED_UNKNOWN})
