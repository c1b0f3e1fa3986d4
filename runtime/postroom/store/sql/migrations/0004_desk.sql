-- What agents and supervisors work with: drafts, conversations laid into others, and open sessions in a list.

-- One draft an agent and session; it stays when the session changes hands. `content` is JSON.
CREATE TABLE drafts (
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    saved_at BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (session, agent)
);
CREATE INDEX drafts_conversation ON drafts (conversation, saved_at, agent);

-- The conversation this one goes on in; never one that is itself laid into another.
ALTER TABLE conversations ADD COLUMN merged_into TEXT;
CREATE INDEX conversations_merged ON conversations (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE sessions ADD COLUMN was_offline INTEGER NOT NULL DEFAULT 0;
CREATE INDEX sessions_open ON sessions (tenant, seq) WHERE phase <> 'ended';
CREATE INDEX sessions_was_offline ON sessions (tenant, seq) WHERE was_offline = 1 AND phase <> 'ended';
