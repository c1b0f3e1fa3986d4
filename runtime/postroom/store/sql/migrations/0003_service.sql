-- What waits by the hour or for one agent, and whom a customer last heard from.

ALTER TABLE sessions ADD COLUMN not_before BIGINT;
ALTER TABLE sessions ADD COLUMN held_for TEXT;
ALTER TABLE sessions ADD COLUMN is_shadow INTEGER NOT NULL DEFAULT 0;

DROP INDEX sessions_turn;
CREATE INDEX sessions_turn ON sessions (tenant, queue, priority DESC, queued_at, seq)
    WHERE phase = 'queued' AND held_for IS NULL AND is_shadow = 0;
CREATE INDEX sessions_kept ON sessions (tenant, held_for, priority DESC, queued_at, seq)
    WHERE phase = 'queued' AND held_for IS NOT NULL AND is_shadow = 0;
CREATE INDEX sessions_queued ON sessions (tenant, channel, queued_at, seq) WHERE phase = 'queued';
CREATE INDEX sessions_offline ON sessions (tenant, channel, queued_at, seq) WHERE phase = 'offline';

CREATE INDEX conversations_customer ON conversations (tenant, channel, LOWER(customer));
