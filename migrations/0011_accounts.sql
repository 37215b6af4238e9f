-- Who may use Signalbox. Of every secret only a hash is kept: argon2id of passwords, SHA-256 of what is random anyway.

-- Never deleted, only disabled: what an account did stays somebody's.
CREATE TABLE account (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,             -- as shown
    folded   TEXT NOT NULL UNIQUE,      -- as compared
    role     TEXT NOT NULL,             -- domain::account::Role
    password TEXT,                      -- NULL: none was set, only a link leads in
    disabled INTEGER NOT NULL DEFAULT 0,
    made_at  INTEGER NOT NULL
) STRICT;

-- Where an account is signed in.
CREATE TABLE session (
    id        INTEGER PRIMARY KEY,
    hash      BLOB NOT NULL UNIQUE,
    account   INTEGER NOT NULL REFERENCES account (id),
    opened_at INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL,         -- to the minute: a request must not be a write
    ends_at   INTEGER NOT NULL,
    address   TEXT NOT NULL,
    agent     TEXT NOT NULL
) STRICT;
CREATE INDEX session_of_account ON session (account, seen_at);
CREATE INDEX session_ending ON session (ends_at);

-- What scripts sign in with.
CREATE TABLE api_token (
    id      INTEGER PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,              -- at most; the account's counts where that is less
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used_at INTEGER,                    -- to the minute
    UNIQUE (account, name)
) STRICT;

-- Links that set a password once: of one account, or (account NULL) of the first admin, while there is no account.
CREATE TABLE one_time_link (
    hash    BLOB PRIMARY KEY,
    account INTEGER REFERENCES account (id),
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Failed sign-ins by what they were aimed at or came from. Hashed, because people type passwords where names belong.
CREATE TABLE sign_in_failure (
    subject  BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failure_age ON sign_in_failure (last_at);
