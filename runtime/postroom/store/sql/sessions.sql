-- name: sessions_change
-- Write the present state of a session that is there.
UPDATE sessions
SET phase = :phase, queue = :queue, priority = :priority, queued_at = :queued_at, agent = :agent,
    not_before = :not_before, held_for = :held_for, is_shadow = :is_shadow, was_offline = :was_offline,
    turn_at = :turn_at, state = :state
WHERE id = :id;

-- name: sessions_add
-- Write a new session.
INSERT INTO sessions (
    phase, queue, priority, queued_at, agent, not_before, held_for, is_shadow, was_offline, turn_at, state, id,
    conversation, tenant, channel, opened_at
)
VALUES (
    :phase, :queue, :priority, :queued_at, :agent, :not_before, :held_for, :is_shadow, :was_offline, :turn_at, :state,
    :id, :conversation, :tenant, :channel, :opened_at
);

-- name: sessions_get
-- One session.
SELECT state FROM sessions WHERE id = :id;

-- name: sessions_several
-- Sessions by their ids.
SELECT state FROM sessions WHERE id IN (:ids*);

-- name: sessions_latest
-- A conversation's newest session.
SELECT state FROM sessions WHERE conversation = :conversation ORDER BY seq DESC LIMIT 1;

-- name: sessions_of_conversation
-- Every session of a conversation, and of those laid into it, in order.
SELECT state FROM sessions
WHERE conversation = :conversation
    OR conversation IN (SELECT id FROM conversations WHERE merged_into = :conversation)
ORDER BY seq;

-- name: sessions_open_ones
-- Open sessions of a tenant, in the order of their making, after that number; an empty word wants any.
SELECT seq, state
FROM sessions
WHERE tenant = :tenant AND phase <> 'ended' AND seq > :after
    AND (:phase = '' OR phase = :phase) AND (:channel = '' OR channel = :channel)
    AND (:queue = '' OR queue = :queue) AND (:agent = '' OR agent = :agent)
ORDER BY seq
LIMIT :limit;

-- name: sessions_offline_messages
-- Open sessions of a tenant that are or once were offline messages, in the order of their making, after that number.
SELECT seq, state
FROM sessions
WHERE tenant = :tenant AND was_offline = 1 AND phase <> 'ended' AND seq > :after
ORDER BY seq
LIMIT :limit;

-- name: sessions_opened
-- Sessions of a tenant that were opened between two times, in the order of their making, after that number.
SELECT seq, state
FROM sessions
WHERE tenant = :tenant AND seq > :after AND opened_at >= :since AND opened_at < :until
ORDER BY seq
LIMIT :limit;

-- name: sessions_count_opened
-- How many sessions of a tenant were opened between two times, by channel.
SELECT channel, COUNT(*)
FROM sessions
WHERE tenant = :tenant AND opened_at >= :since AND opened_at < :until
GROUP BY channel;

-- name: sessions_set_turn
-- Let a session's turn in its queue go by that.
UPDATE sessions SET turn_at = :turn_at WHERE id = :id AND turn_at <> :turn_at;

-- name: sessions_behind
-- Who waits in a queue and may be offered to anybody now, in order of turn, behind that place.
SELECT turn_at, seq, state
FROM sessions
WHERE tenant = :tenant AND queue = :queue AND phase = 'queued' AND held_for IS NULL AND is_shadow = 0
    AND (turn_at, seq) > (:turn_at, :seq) AND (not_before IS NULL OR not_before <= :now)
ORDER BY turn_at, seq
LIMIT :limit;

-- name: sessions_turns
-- Who waits in a queue and may be offered to anybody now, in order of turn.
SELECT turn_at, seq, state
FROM sessions
WHERE tenant = :tenant AND queue = :queue AND phase = 'queued' AND held_for IS NULL AND is_shadow = 0
    AND (not_before IS NULL OR not_before <= :now)
ORDER BY turn_at, seq
LIMIT :limit OFFSET :skip;

-- name: sessions_kept
-- Who waits for one agent and may be offered to him now, in order of turn.
SELECT state
FROM sessions
WHERE tenant = :tenant AND held_for = :agent AND phase = 'queued' AND is_shadow = 0
    AND (not_before IS NULL OR not_before <= :now)
ORDER BY turn_at, seq
LIMIT 1 OFFSET :skip;

-- name: sessions_kept_for
-- Every agent for whom somebody waits.
SELECT DISTINCT tenant, held_for
FROM sessions
WHERE phase = 'queued' AND held_for IS NOT NULL AND is_shadow = 0
ORDER BY tenant, held_for;

-- name: sessions_queue_length
-- How many wait in a queue, counted up to a limit.
SELECT COUNT(*)
FROM sessions
WHERE seq IN (
    SELECT seq
    FROM sessions
    WHERE tenant = :tenant AND queue = :queue AND phase = 'queued' AND held_for IS NULL AND is_shadow = 0
    LIMIT :limit
);

-- name: sessions_waiting_channels
-- Every channel with somebody who waits in a queue or as an offline message.
SELECT tenant, channel FROM sessions WHERE phase = 'queued'
UNION
SELECT tenant, channel FROM sessions WHERE phase = 'offline';

-- name: sessions_to_open
-- Offline messages of a channel whose routing may begin, the oldest first.
SELECT id
FROM sessions
WHERE tenant = :tenant AND channel = :channel AND phase = 'offline' AND (not_before IS NULL OR not_before <= :now)
ORDER BY queued_at, seq
LIMIT :limit;

-- name: sessions_opened_early
-- Sessions of a channel that wait for an opening still to come, the oldest first.
SELECT id
FROM sessions
WHERE tenant = :tenant AND channel = :channel AND phase = 'queued' AND not_before > :now
ORDER BY queued_at, seq
LIMIT :limit;

-- name: sessions_to_close
-- Sessions of a channel that could be offered now, the oldest first.
SELECT id
FROM sessions
WHERE tenant = :tenant AND channel = :channel AND phase = 'queued' AND (not_before IS NULL OR not_before <= :now)
ORDER BY queued_at, seq
LIMIT :limit;

-- name: sessions_of_phase
-- Open sessions of a phase, in order of their making, after that number.
SELECT seq, state FROM sessions WHERE phase = :phase AND phase <> 'ended' AND seq > :after ORDER BY seq LIMIT :limit;

-- name: sessions_held_by
-- The open sessions offered to an agent or his, oldest first.
SELECT state FROM sessions WHERE tenant = :tenant AND agent = :agent ORDER BY opened_at, seq;

-- name: sessions_waiting_queues
-- Every queue in which somebody waits; those who wait for anybody and for one agent are each counted in their index.
SELECT tenant, queue, SUM(waiting), MIN(oldest)
FROM (
    SELECT tenant, queue, COUNT(*) AS waiting, MIN(queued_at) AS oldest
    FROM sessions
    WHERE phase = 'queued' AND held_for IS NULL AND is_shadow = 0
    GROUP BY tenant, queue
    UNION ALL
    SELECT tenant, queue, COUNT(*) AS waiting, MIN(queued_at) AS oldest
    FROM sessions
    WHERE phase = 'queued' AND held_for IS NOT NULL AND is_shadow = 0
    GROUP BY tenant, held_for, queue
) AS counted
GROUP BY tenant, queue
ORDER BY tenant, queue;

-- name: sessions_channels_in_use
-- Every channel and queue with open sessions.
SELECT tenant, channel, queue, COUNT(*)
FROM sessions
WHERE phase <> 'ended'
GROUP BY tenant, channel, queue
ORDER BY tenant, channel, queue;

-- name: sessions_in_shadow
-- Every channel with open sessions that were begun in shadow.
SELECT tenant, channel, COUNT(*)
FROM sessions
WHERE phase <> 'ended' AND is_shadow = 1
GROUP BY tenant, channel
ORDER BY tenant, channel;

-- name: sessions_agents_in_use
-- Every agent with open sessions.
SELECT tenant, agent, COUNT(*) FROM sessions WHERE agent IS NOT NULL GROUP BY tenant, agent ORDER BY tenant, agent;

-- name: sessions_with_customer
-- The agent who has a customer's newest session in hand, in another conversation on the channel.
SELECT s.agent
FROM conversations AS c
JOIN sessions AS s ON s.conversation = c.id
WHERE c.tenant = :tenant AND c.channel = :channel AND c.customer_key = :customer_key AND c.id <> :but
    AND s.phase IN ('assigned', 'awaiting_customer')
ORDER BY s.seq DESC
LIMIT 1;
