-- name: sessions_save
-- Write a session's present state, new or changed.
INSERT INTO sessions (id, conversation, tenant, channel, phase, queue, priority, queued_at, opened_at, agent, state)
VALUES (:id, :conversation, :tenant, :channel, :phase, :queue, :priority, :queued_at, :opened_at, :agent, :state)
ON CONFLICT (id) DO UPDATE
SET phase = excluded.phase, queue = excluded.queue, priority = excluded.priority, queued_at = excluded.queued_at,
    agent = excluded.agent, state = excluded.state;

-- name: sessions_get
-- One session.
SELECT state FROM sessions WHERE id = :id;

-- name: sessions_latest
-- A conversation's newest session.
SELECT state FROM sessions WHERE conversation = :conversation ORDER BY seq DESC LIMIT 1;

-- name: sessions_turns
-- Who waits in a queue, in order of turn.
SELECT priority, queued_at, seq, state
FROM sessions
WHERE tenant = :tenant AND queue = :queue AND phase = 'queued'
ORDER BY priority DESC, queued_at, seq
LIMIT :limit OFFSET :skip;

-- name: sessions_held_by
-- The open sessions offered to an agent or his, oldest first.
SELECT state FROM sessions WHERE tenant = :tenant AND agent = :agent ORDER BY opened_at, seq;

-- name: sessions_waiting_queues
-- Every queue in which somebody waits.
SELECT tenant, queue, COUNT(*), MIN(queued_at)
FROM sessions
WHERE phase = 'queued'
GROUP BY tenant, queue
ORDER BY tenant, queue;
