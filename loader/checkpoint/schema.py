"""The checkpoint's SQL schema. Any SQLite tool reads it; `SELECT * FROM result` shows a load at a glance.

Times are whole milliseconds since 1970-01-01 UTC. A result is in three parts: texts that many pairs share are
one row of `outcome`; `pair` has what differs; `type_pair` has the object types.
https://www.sqlite.org/lang_createtable.html
"""

from __future__ import annotations

from enum import StrEnum

#: `PRAGMA application_id` of every checkpoint ("asld" in ASCII), and `PRAGMA user_version` of this schema.
APPLICATION_ID = 0x61736C64
VERSION = 1


class Verified(StrEnum):
    """What `verify` found of a pair (contract, section 4)."""

    PRESENT = "present"
    MISSING = "missing"
    UNKNOWN = "unknown"


class UndoFinding(StrEnum):
    """Why `undo` left a pair: it has gained a label since, HubSpot refused, or there was no answer."""

    KEPT = "kept"
    FAILED = "failed"
    GAVE_UP = "gave_up"


_META = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,   -- binding (the account), places, reading (of the input), options, report
    value TEXT NOT NULL     -- JSON
) WITHOUT ROWID"""

_RUN = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,  -- load, verify, undo or report
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,       -- NULL: still running, or killed
    exit_code INTEGER,
    requests INTEGER NOT NULL DEFAULT 0,
    throttled INTEGER NOT NULL DEFAULT 0,   -- answers that said: too many requests
    stopped TEXT NOT NULL DEFAULT '',       -- why it ended early, in a word; '' if it did not
    message TEXT NOT NULL DEFAULT '',
    hint TEXT NOT NULL DEFAULT ''
)"""

_TYPE_PAIR = """
CREATE TABLE type_pair (
    id INTEGER PRIMARY KEY,
    from_type TEXT NOT NULL,        -- as the input first wrote it
    to_type TEXT NOT NULL,
    from_canonical TEXT NOT NULL,   -- what pairs are compared by: the ID of a standard type, else the name
    to_canonical TEXT NOT NULL,
    UNIQUE (from_canonical, to_canonical)
)"""

_OUTCOME = """
CREATE TABLE outcome (
    id INTEGER PRIMARY KEY,
    status TEXT NOT NULL,           -- associated, existing, failed, gave_up, removed; of an undo also: kept
    http_status INTEGER NOT NULL,   -- 0: no answer
    association_types TEXT NOT NULL,
    error_category TEXT NOT NULL,
    error_message TEXT NOT NULL,
    error_details TEXT NOT NULL,    -- JSON, or ''
    correlation_id TEXT NOT NULL    -- of an answer that many pairs share; else it is with the pair
)"""

_PAIR = """
CREATE TABLE pair (
    id INTEGER PRIMARY KEY CHECK (id > 0),
    types INTEGER NOT NULL REFERENCES type_pair,
    from_id INTEGER NOT NULL,
    to_id INTEGER NOT NULL,
    first_run INTEGER REFERENCES run,   -- the first that sent it, or was about to; NULL: it was never sent
    existed_before INTEGER,     -- 1 or 0: found before its first request; NULL: not looked up
    outcome INTEGER REFERENCES outcome,     -- NULL: sent, or about to be sent, and the result is not known
    previous INTEGER REFERENCES outcome,    -- while outcome is NULL: the result of an earlier run
    attempts INTEGER,           -- of the run that gave the result
    correlation_id TEXT,        -- of an answer to this pair alone
    completed_at INTEGER,
    verified TEXT,              -- present, missing or unknown; NULL: not verified since the result
    verified_at INTEGER,
    undo INTEGER REFERENCES outcome,        -- why the last undo left it; NULL: it did not
    in_input INTEGER NOT NULL DEFAULT 1     -- 0: not in the input when that was last read
)"""

_RESULT = """
CREATE VIEW result AS
SELECT pair.id, from_type, from_id, to_type, to_id, coalesce(outcome.status, 'not_sent') AS status,
    http_status, CASE WHEN outcome THEN attempts END AS attempts, association_types,
    CASE existed_before WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS existed_before,
    error_category, error_message, error_details,
    CASE WHEN outcome THEN coalesce(pair.correlation_id, nullif(outcome.correlation_id, '')) END
        AS correlation_id,
    CASE WHEN outcome THEN strftime('%Y-%m-%dT%H:%M:%fZ', completed_at / 1000.0, 'unixepoch') END
        AS completed_at,
    CASE WHEN outcome THEN verified END AS verified, in_input
FROM pair JOIN type_pair ON type_pair.id = pair.types LEFT JOIN outcome ON outcome.id = pair.outcome"""

#: What makes an empty database a checkpoint; to be run in one transaction.
STATEMENTS = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
    _META,
    _RUN,
    _TYPE_PAIR,
    _OUTCOME,
    _PAIR,
    _RESULT,
)
