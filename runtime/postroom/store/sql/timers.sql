-- name: timers_arm
-- Set or replace a session's timer of a kind.
INSERT INTO timers (session, kind, tenant, due_at, started_at, token)
VALUES (:session, :kind, :tenant, :due_at, :started_at, :token)
ON CONFLICT (session, kind) DO UPDATE
SET due_at = excluded.due_at, started_at = excluded.started_at, token = excluded.token;

-- name: timers_cancel
-- Remove a session's timer of a kind.
DELETE FROM timers WHERE session = :session AND kind = :kind;

-- name: timers_take_due
-- Remove and give the timers due by now, the longest due first.
DELETE FROM timers
WHERE (session, kind) IN (
    SELECT session, kind FROM timers WHERE due_at <= :now ORDER BY due_at, session, kind LIMIT :limit
)
RETURNING due_at, session, kind, tenant, started_at, token;

-- name: timers_of_session
-- A session's timers.
SELECT due_at, session, kind, tenant, started_at, token FROM timers WHERE session = :session ORDER BY kind;

-- name: timers_of_sessions
-- The timers of some sessions.
SELECT due_at, session, kind, tenant, started_at, token
FROM timers
WHERE session IN (:sessions*)
ORDER BY session, kind;

-- name: timers_next_due
-- When the earliest timer is due.
SELECT MIN(due_at) FROM timers;
