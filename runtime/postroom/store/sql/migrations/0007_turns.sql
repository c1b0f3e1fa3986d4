-- The turn of a session in its queue: its age, with its priority counted as age (30 minutes a point until the settings
-- in force are looked at, as they are at every start). Order is then one index, whatever the time.

ALTER TABLE sessions ADD COLUMN turn_at BIGINT;
UPDATE sessions SET turn_at = queued_at - priority * 1800000000 WHERE queued_at IS NOT NULL;

DROP INDEX sessions_turn;
DROP INDEX sessions_kept;
CREATE INDEX sessions_turn ON sessions (tenant, queue, turn_at, seq)
    WHERE phase = 'queued' AND held_for IS NULL AND is_shadow = 0;
CREATE INDEX sessions_kept ON sessions (tenant, held_for, turn_at, seq)
    WHERE phase = 'queued' AND held_for IS NOT NULL AND is_shadow = 0;

-- Who can be given work, found without looking at who cannot.
CREATE INDEX agents_able ON agents (tenant, name) WHERE state = 'ready' AND load < capacity;
