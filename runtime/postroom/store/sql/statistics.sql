-- name: statistics_add
-- Write one thing that is counted.
INSERT INTO milestones (tenant, at, mark, channel, queue, agent, took, in_time)
VALUES (:tenant, :at, :mark, :channel, :queue, :agent, :took, :in_time);

-- name: statistics_marks
-- What was counted of a tenant's sessions in a span, but for their first replies.
SELECT mark, channel, queue, agent, COUNT(*), SUM(took)
FROM milestones
WHERE tenant = :tenant AND at >= :since AND at < :until AND mark <> 'first_reply'
GROUP BY mark, channel, queue, agent;

-- name: statistics_first_replies
-- A tenant's first replies in a span, one by one.
SELECT channel, queue, agent, took, in_time
FROM milestones
WHERE tenant = :tenant AND at >= :since AND at < :until AND mark = 'first_reply';

-- name: statistics_mails
-- How many mails came to each channel of a tenant in a span.
SELECT channel, COUNT(*)
FROM mails
WHERE tenant = :tenant AND received_at >= :since AND received_at < :until AND incoming = 1
GROUP BY channel;

-- name: statistics_replies
-- How many mails each agent of a tenant wrote on each channel in a span; the empty agent's are automatic.
SELECT channel, agent, COUNT(*)
FROM replies
WHERE tenant = :tenant AND accepted_at >= :since AND accepted_at < :until
GROUP BY channel, agent;

-- name: statistics_queued
-- How many sessions of a tenant wait for an agent now, and since when the oldest.
SELECT channel, queue, COUNT(*), MIN(queued_at)
FROM sessions
WHERE tenant = :tenant AND phase IN ('queued', 'offline') AND phase <> 'ended' AND is_shadow = 0
GROUP BY channel, queue;

-- name: statistics_open
-- How many open sessions of a tenant each agent has, is held out or is kept.
SELECT agent, COUNT(*) FROM sessions WHERE tenant = :tenant AND agent IS NOT NULL GROUP BY agent;

-- name: statistics_forget
-- Forget what a tenant's sessions counted before that time, at most so many.
DELETE FROM milestones
WHERE seq IN (SELECT seq FROM milestones WHERE tenant = :tenant AND at < :before LIMIT :limit);
