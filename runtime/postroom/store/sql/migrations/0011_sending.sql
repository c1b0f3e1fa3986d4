-- What a sending gateway may still send: how many mails left on a tenant's day, and the first turn that is not given.

-- `day` is the date by the tenant's clock.
CREATE TABLE sent_mails (
    tenant TEXT NOT NULL,
    day TEXT NOT NULL,
    gateway TEXT NOT NULL,
    mails BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, gateway)
);

CREATE TABLE sending_turns (
    tenant TEXT NOT NULL,
    gateway TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, gateway)
);

-- The turn a mail was given at its gateway's pace.
ALTER TABLE outbox ADD COLUMN turn_at BIGINT;

-- Whether the agent who wrote it was told that it is late.
ALTER TABLE replies ADD COLUMN is_told_late INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replies_late ON replies (tenant, gateway, accepted_at, seq)
    WHERE automatic = '' AND is_told_late = 0 AND state IN ('accepted', 'sending', 'delayed');

-- What is kept for a time only is found by its age.
CREATE INDEX drafts_age ON drafts (saved_at);
CREATE INDEX automatic_replies_age ON automatic_replies (at);
CREATE INDEX undeliverable_age ON undeliverable (until);
