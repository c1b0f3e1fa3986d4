-- Files that agents bring before they send them; and acts of the audit log chained to one another.

-- `small` holds the bytes of few; of many it is NULL, and they are in a file of the id's name.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    small BYTEA,
    content_type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX uploads_account ON uploads (tenant, account, sha256);
CREATE INDEX uploads_age ON uploads (expires_at);

-- Which drafts name which of them; what a draft names stays as long as the draft does.
CREATE TABLE draft_uploads (
    upload TEXT NOT NULL,
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (upload, session, agent)
);
CREATE INDEX draft_uploads_draft ON draft_uploads (session, agent);

-- Of each act the hash of the one before it in its tenant, and its own over that and all it says; empty in older acts.
ALTER TABLE audit ADD COLUMN before TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';

-- Where a tenant's chain ends, and the hash of the newest act that was removed for its age.
CREATE TABLE audit_chains (
    tenant TEXT NOT NULL PRIMARY KEY,
    removed TEXT NOT NULL,
    last TEXT NOT NULL
);
INSERT INTO audit_chains (tenant, removed, last) SELECT DISTINCT tenant, '', '' FROM audit;
