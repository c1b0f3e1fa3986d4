-- People who sign in, programs with tokens, what was done by whom; and conversations found by customer, word and time.

-- A person. `password` is an argon2id hash; `queues` is JSON, empty for no narrower scope than the unit.
CREATE TABLE users (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    ou TEXT,
    queues BYTEA NOT NULL,
    password TEXT NOT NULL,
    is_disabled INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, account)
);

-- A program's token: its SHA-256 only. Revoked and expired ones stay, to be seen in the list.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    role TEXT NOT NULL,
    ou TEXT,
    queues BYTEA NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_tenant ON tokens (tenant, id);

-- Browsers in which somebody is signed in: the SHA-256 of the cookie.
CREATE TABLE sign_ins (
    digest TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_account ON sign_ins (tenant, account);
CREATE INDEX sign_ins_age ON sign_ins (expires_at);

-- Who did what; rows are added and, when they are old enough, removed, and never changed.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    result TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, seq);
CREATE INDEX audit_age ON audit (at);

CREATE INDEX conversations_newest ON conversations (tenant, created_at, id);
CREATE INDEX conversations_by_channel ON conversations (tenant, channel, created_at, id);
CREATE INDEX conversations_by_customer ON conversations (tenant, customer_key, created_at, id);
CREATE INDEX mails_range ON mails (tenant, received_at) WHERE incoming = 1;
CREATE INDEX replies_range ON replies (tenant, accepted_at);
CREATE INDEX sessions_opened ON sessions (tenant, opened_at, seq);

-- The words of subjects, case-folded, each with the conversation's time.
CREATE TABLE subject_words (
    tenant TEXT NOT NULL,
    word TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    conversation TEXT NOT NULL,
    PRIMARY KEY (tenant, word, created_at, conversation)
);

-- What is there already is split at blanks, letter by letter, as both databases can.
INSERT INTO subject_words (tenant, word, created_at, conversation)
WITH RECURSIVE letters (id, tenant, created_at, subject, place, word) AS (
    SELECT id, tenant, created_at, LOWER(SUBSTR(subject, 1, 200)) || ' ', 1, '' FROM conversations
    UNION ALL
    SELECT id, tenant, created_at, subject, place + 1,
        CASE WHEN SUBSTR(subject, place, 1) = ' ' THEN '' ELSE word || SUBSTR(subject, place, 1) END
    FROM letters
    WHERE place <= LENGTH(subject)
)
SELECT DISTINCT tenant, SUBSTR(word, 1, 64), created_at, id
FROM letters
WHERE word <> '' AND SUBSTR(subject, place, 1) = ' ';
