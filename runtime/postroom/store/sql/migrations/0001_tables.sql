-- The first tables. Times are microseconds since 1970 in UTC; truth values are 0 and 1; JSON is UTF-8 bytes.
-- Partial indexes name their states as literals, and the queries do too: a planner proves nothing of a parameter.

-- The bytes of mails: in the row when small, else a blob of that name.
CREATE TABLE raws (
    sha256 TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    small BYTEA
);

-- The ledger: every mail that ever came from a gateway.
CREATE TABLE receipts (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    gateway TEXT NOT NULL,
    uid TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    listed_size BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    outcome TEXT,
    reason TEXT NOT NULL,
    mail TEXT,
    oversize INTEGER NOT NULL
);
CREATE UNIQUE INDEX receipts_key ON receipts (gateway, uid, sha256, tenant);
CREATE INDEX receipts_bytes ON receipts (sha256, gateway) WHERE outcome IS NOT NULL;
CREATE INDEX receipts_unsettled ON receipts (first_seen_at, id) WHERE outcome IS NULL;
CREATE INDEX receipts_outcome ON receipts (outcome, tenant, first_seen_at) WHERE outcome IS NOT NULL;

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    customer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_mail_at BIGINT NOT NULL,
    related TEXT,
    participants BYTEA NOT NULL
);

-- The Message-IDs that lead to conversations.
CREATE TABLE thread_names (
    tenant TEXT NOT NULL,
    message_id TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    gateway TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (message_id, tenant, conversation, gateway)
);

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    gateway TEXT NOT NULL,
    channel TEXT NOT NULL,
    conversation TEXT REFERENCES conversations (id),
    incoming INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    message_id TEXT,
    from_address TEXT NOT NULL,
    from_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    mail_class TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    attachments BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    preview TEXT NOT NULL,
    new_participant INTEGER NOT NULL,
    trace BYTEA NOT NULL
);
CREATE INDEX mails_conversation ON mails (conversation, received_at, id) WHERE conversation IS NOT NULL;
CREATE INDEX mails_latest ON mails (tenant, received_at, id) WHERE incoming = 1;
CREATE INDEX mails_copies ON mails (message_id, tenant, channel, received_at, id) WHERE incoming = 1 AND message_id IS NOT NULL;

-- A session is its JSON; the columns beside it are what is searched. `agent` is who it is offered or belongs to.
CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    phase TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority BIGINT NOT NULL,
    queued_at BIGINT,
    opened_at BIGINT NOT NULL,
    agent TEXT,
    state BYTEA NOT NULL
);
CREATE UNIQUE INDEX sessions_one_open ON sessions (conversation) WHERE phase <> 'ended';
CREATE INDEX sessions_conversation ON sessions (conversation, seq);
CREATE INDEX sessions_turn ON sessions (tenant, queue, priority DESC, queued_at, seq) WHERE phase = 'queued';
CREATE INDEX sessions_agent ON sessions (tenant, agent, opened_at, seq) WHERE agent IS NOT NULL;
CREATE INDEX sessions_phase ON sessions (tenant, channel, phase) WHERE phase <> 'ended';

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    session TEXT NOT NULL,
    event BYTEA NOT NULL,
    facts BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    before_phase TEXT NOT NULL,
    after_phase TEXT NOT NULL,
    effects BYTEA NOT NULL
);
CREATE INDEX journal_tenant ON journal (tenant, seq);
CREATE INDEX journal_conversation ON journal (conversation, seq);

-- Closed rows stay: their ids keep the same effect from ever being put in twice.
-- `blocks_until` is set at the first attempt: from then on a row that waits for its retry lets later ones pass.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    session TEXT NOT NULL,
    effect BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    state TEXT NOT NULL,
    words TEXT NOT NULL,
    lease TEXT,
    leased_until BIGINT,
    blocks_until BIGINT
);
CREATE INDEX outbox_due ON outbox (due_at, seq) WHERE state = 'pending';
CREATE INDEX outbox_free ON outbox (due_at) WHERE state = 'pending' AND lease IS NULL;
CREATE INDEX outbox_leased ON outbox (lease) WHERE lease IS NOT NULL;
CREATE INDEX outbox_turn ON outbox (conversation, seq) WHERE state = 'pending';

CREATE TABLE timers (
    session TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (session, kind)
);
CREATE INDEX timers_due ON timers (due_at, session, kind);

CREATE TABLE agents (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    capacity BIGINT NOT NULL,
    load BIGINT NOT NULL CHECK (load >= 0),
    idle_since BIGINT,
    missed_offers BIGINT NOT NULL,
    heartbeat_at BIGINT,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE replies (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    gateway TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    mail TEXT NOT NULL,
    message_id TEXT NOT NULL,
    envelope_from TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES raws (sha256),
    accepted_at BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX replies_conversation ON replies (conversation, seq);

CREATE TABLE reply_recipients (
    reply TEXT NOT NULL REFERENCES replies (id),
    place BIGINT NOT NULL,
    address TEXT NOT NULL,
    field TEXT NOT NULL,
    state TEXT NOT NULL,
    code BIGINT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (reply, place)
);

CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    reply TEXT NOT NULL REFERENCES replies (id),
    started_at BIGINT NOT NULL,
    recipients BYTEA NOT NULL,
    ended_at BIGINT,
    is_unknown INTEGER NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX attempts_reply ON attempts (reply, seq);

CREATE TABLE answers (
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, actor, idempotency_key)
);
CREATE INDEX answers_age ON answers (created_at);
