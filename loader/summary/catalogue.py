"""Every cause that a row's status can have: a key for scripts, a title and advice for people."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """Why rows ended with their status. `key` is stable, for scripts; `title` and `advice` are for people.

    `resend` says whether loading these rows again can help, at once or after what `advice` says was done;
    the advice then ends so that the command can follow it.
    """

    key: str
    title: str
    advice: str
    resend: bool = False


_NOTHING_TO_DO = "Nothing to do."
_CORRECT = (
    "Correct the cell in these rows of the report (in a spreadsheet, import the ID columns as text), save it "
    "as CSV, and load those rows:"
)


# Good statuses.
ASSOCIATED = Cause(
    "associated",
    "The default association stands",
    _NOTHING_TO_DO,
)
EXISTING = Cause(
    "existing",
    "The pair was associated already",
    _NOTHING_TO_DO,
)
EMPTY = Cause(
    "empty",
    "The cell holds no ID, so there is nothing to associate",
    _NOTHING_TO_DO,
)
NOT_SENT = Cause(
    "not_sent",
    "The pair has not been sent yet",
    "Give the same command again: it goes on from there.",
)
REMOVED = Cause(
    "removed",
    "The association was taken back",
    _NOTHING_TO_DO,
)
DUPLICATE = Cause(
    "duplicate",
    "The same pair stands in an earlier row",
    _NOTHING_TO_DO,
)

# Rows that could not be sent.
MISSING_ID = Cause(
    "missing_id",
    "A record ID is missing",
    "The ID cell is empty. " + _CORRECT,
    resend=True,
)
DESTROYED_ID = Cause(
    "destroyed_id",
    "A spreadsheet has destroyed the ID",
    "The last digits are lost (a number like 1.23457E+11 can't be turned back). Export the IDs again, "
    "import that column as text, not as a number, and put the whole IDs into the report. Then load those "
    "rows:",
    resend=True,
)
ID_OUT_OF_RANGE = Cause(
    "id_out_of_range",
    "The ID is too large or is zero",
    "No HubSpot record has such an ID; often two IDs were glued together or it is another system's ID. "
    + _CORRECT,
    resend=True,
)
BAD_ID = Cause(
    "bad_id",
    "The ID is not a HubSpot record ID",
    "A record ID is digits only: it is not a name, an e-mail address or an external ID. If every row says "
    "this, the wrong column was read: see --from-column and --to-column. Else: " + _CORRECT,
    resend=True,
)
MISSING_TYPE = Cause(
    "missing_type",
    "The object type is missing",
    "The file has no type for these rows. Name the types with --from-type and --to-type, like this:",
    resend=True,
)
BAD_TYPE = Cause(
    "bad_type",
    "The object type is not a type name or type ID",
    "Types look like contacts, companies, p_pets or 2-12345. " + _CORRECT,
    resend=True,
)
TOO_FEW_FIELDS = Cause(
    "too_few_fields",
    "The line has fewer fields than the header",
    "Something is missing in the line, so no cell of it can be trusted. Correct these lines in a copy of "
    "the input and load that copy; pairs that stand already are not made twice.",
)
TOO_MANY_FIELDS = Cause(
    "too_many_fields",
    "The line has more fields than the header",
    "Mostly a comma inside a value that is not quoted, so no cell of the line can be trusted. Correct "
    "these lines in a copy of the input and load that copy; pairs that stand already are not made twice.",
)
SELF_PAIR = Cause(
    "self_pair",
    "The record is paired with itself",
    "HubSpot does not associate a record with itself. If one of the two IDs is a slip: " + _CORRECT,
    resend=True,
)
INVALID = Cause(
    "invalid",
    "The row could not be sent",
    "The message says what is wrong. " + _CORRECT,
    resend=True,
)

# No usable answer; the loader says so itself.
NOT_IN_RESULTS = Cause(
    "not_in_results",
    "HubSpot answered success but made no association",
    "Three answers said success without naming the pair. Look one pair up in HubSpot: if both records "
    "exist and the two types have a default association, load those rows again; if they are refused "
    "again, give the correlation ID to HubSpot support.",
    resend=True,
)
TIMEOUT = Cause(
    "timeout",
    "HubSpot did not answer in time",
    "HubSpot or the network was slow. Load those rows again; if that repeats, with a longer --timeout "
    "(say 90).",
    resend=True,
)
CONNECTION_BROKEN = Cause(
    "connection_broken",
    "The connection broke before the answer",
    "The network, a proxy or a VPN cut the connection. Check it and load those rows again. A pair that "
    "was made after all is not made twice.",
    resend=True,
)
UNREADABLE_ANSWER = Cause(
    "unreadable_answer",
    "The answer could not be read",
    "What came back was not HubSpot's JSON; a proxy or a log-in page may stand in between. Check the "
    "network and --base-url, then load those rows again.",
    resend=True,
)
PENDING = Cause(
    "pending",
    "HubSpot accepted the pair but did not finish it",
    "It was still pending, or canceled, at the last try. Wait a few minutes, then load those rows again.",
    resend=True,
)

# What HubSpot refused or could not do.
MISSING_SCOPES = Cause(
    "missing_scopes",
    "The access token lacks a scope",
    "Give the app the write scope of both object types (the error details name it) and load those rows "
    "again.",
    resend=True,
)
TOKEN_REFUSED = Cause(
    "token_refused",
    "HubSpot refused the access token",
    "Make a new access token, put it into HUBSPOT_ACCESS_TOKEN, and load those rows again. A token of an "
    "EU account may need --base-url https://api-eu1.hubapi.com.",
    resend=True,
)
NO_PERMISSION = Cause(
    "no_permission",
    "No permission for this pair",
    "The token's user may not edit one of the two records; often its creator has left the account. Have "
    "an administrator check the permissions or make a new token, and load those rows again.",
    resend=True,
)
DAILY_LIMIT = Cause(
    "daily_limit",
    "The account's daily limit is used up",
    "It resets at midnight in the account's time zone. Load those rows after that, or now with "
    "--wait-for-daily-reset.",
    resend=True,
)
RATE_LIMIT = Cause(
    "rate_limit",
    "Too many requests",
    "Other integrations use the same limit. Load those rows again at a quieter hour, or leave the others "
    "a share with --reserve 30.",
    resend=True,
)
RECORD_MISSING = Cause(
    "record_missing",
    "A record was deleted or merged, or never existed",
    "HubSpot has no such record of that type. Check that the two ID columns are not swapped. Then export "
    "the current IDs, put them into these rows of the report, and load those rows:",
    resend=True,
)
UNKNOWN_TYPE = Cause(
    "unknown_type",
    "HubSpot does not know the object type",
    "Check the spelling of both types. Custom objects are named by their type ID, like 2-12345 (Settings "
    "> Objects). Correct the types in the report, or take the cells out and name them with --from-type "
    "and --to-type, and load those rows:",
    resend=True,
)
ASSOCIATION_LIMIT = Cause(
    "association_limit",
    "A record has as many associations as HubSpot allows",
    "Remove associations that are no longer needed from the record, or raise the limit in HubSpot "
    "(Settings > Objects > Associations), and load those rows again.",
    resend=True,
)
NO_DEFAULT_TYPE = Cause(
    "no_default_type",
    "The two object types have no default association",
    "Loading again can't help. Pairs with custom objects have a default only where HubSpot defines one; "
    "see Settings > Objects > Associations, and `assoc-loader check --online` for what HubSpot says.",
)
NOT_FOUND = Cause(
    "not_found",
    "HubSpot did not find what the request names",
    "Mostly a record that was deleted or merged: export the current IDs and put them into the report. If "
    "every row says this, check --base-url and --api-version. Then load those rows:",
    resend=True,
)
LOCKED = Cause(
    "locked",
    "The record was locked by another process",
    "An import, a merge or a workflow was changing the record. Load those rows when it has ended:",
    resend=True,
)
MOVING = Cause(
    "moving",
    "The account is moving to another data centre",
    "HubSpot takes no changes meanwhile; it can last a day. Load those rows after the move:",
    resend=True,
)
SERVER_TROUBLE = Cause(
    "server_trouble",
    "HubSpot had trouble of its own",
    "It could not answer at any try. See https://status.hubspot.com and load those rows when it is over:",
    resend=True,
)
CONFLICT = Cause(
    "conflict",
    "HubSpot was busy with the same record",
    "Another change came at the same moment. Load those rows again:",
    resend=True,
)
REDIRECTED = Cause(
    "redirected",
    "The address answers with a redirect",
    "The loader never follows one, to keep the token where it belongs. Check --base-url and any proxy, "
    "then load those rows again.",
    resend=True,
)
WRONG_ADDRESS = Cause(
    "wrong_address",
    "HubSpot does not take this request at this address",
    "Check --base-url and --api-version (the dated versions live 18 months), then load those rows again.",
    resend=True,
)
REFUSED = Cause(
    "refused",
    "HubSpot refused the pair",
    "The message in the report says why; loading it unchanged will be refused again. Where that is not "
    "clear, HubSpot support finds the request by its correlation ID.",
)
NO_ANSWER = Cause(
    "no_answer",
    "No usable answer at any try",
    "Check the network, then load those rows again.",
    resend=True,
)
