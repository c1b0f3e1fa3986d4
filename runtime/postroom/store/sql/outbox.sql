-- name: outbox_add
-- Put an effect in; its id may never have been in before.
INSERT INTO outbox (id, tenant, conversation, session, effect, created_at, due_at, attempts, is_reply, state, words)
VALUES (:id, :tenant, :conversation, :session, :effect, :created_at, :due_at, :attempts, :is_reply, 'pending', '');

-- name: outbox_lease
-- Take due rows, the longest due first. A row waits while one of its conversation is in somebody's hands, and for every
-- earlier one, except one that waits for its retry and whose first attempt is long enough ago. Replies of the tenants in
-- `held` (each name between slashes, or * for all) are left where they are.
UPDATE outbox
SET lease = :token, leased_until = :until, blocks_until = COALESCE(outbox.blocks_until, :pass_after)
WHERE seq IN (
    SELECT r.seq
    FROM outbox AS r
    WHERE r.state = 'pending' AND r.due_at <= :now AND (r.leased_until IS NULL OR r.leased_until <= :now)
        AND NOT (r.is_reply = 1 AND (:held = '*' OR REPLACE(:held, '/' || r.tenant || '/', '') <> :held))
        AND NOT EXISTS (
            SELECT 1
            FROM outbox AS e
            WHERE e.conversation = r.conversation AND e.state = 'pending' AND e.seq <> r.seq
                AND (
                    (e.leased_until IS NOT NULL AND e.leased_until > :now)
                    OR (e.seq < r.seq AND NOT (e.due_at > :now AND e.blocks_until IS NOT NULL AND e.blocks_until <= :now))
                )
        )
    ORDER BY r.due_at, r.seq
    LIMIT :limit
)
RETURNING due_at, seq, id, tenant, conversation, session, effect, created_at, attempts, lease, turn_at;

-- name: outbox_holds
-- Whether a lease is still in force.
SELECT 1 FROM outbox WHERE id = :id AND state = 'pending' AND lease = :token AND leased_until > :now;

-- name: outbox_withdraw
-- Close the row of a reply that was never tried and that nobody works on.
UPDATE outbox SET state = 'failed', words = 'withdrawn'
WHERE id = :id AND state = 'pending' AND lease IS NULL AND NOT EXISTS (SELECT 1 FROM attempts WHERE reply = :id);

-- name: outbox_done
-- Close a row that was carried out.
UPDATE outbox SET state = 'done', lease = NULL, leased_until = NULL WHERE id = :id AND state = 'pending';

-- name: outbox_fail
-- Close a row that never will be.
UPDATE outbox SET state = 'failed', words = :words, lease = NULL, leased_until = NULL
WHERE id = :id AND state = 'pending';

-- name: outbox_again
-- Give a row back for later and count the attempt; the next one needs a turn of its own.
UPDATE outbox
SET due_at = :due_at, words = :words, attempts = attempts + 1, lease = NULL, leased_until = NULL, turn_at = NULL
WHERE id = :id AND state = 'pending';

-- name: outbox_postpone
-- Give a row back for later, untried, with the turn it was given if it was.
UPDATE outbox SET due_at = :due_at, words = :words, turn_at = :turn_at, lease = NULL, leased_until = NULL
WHERE id = :id AND state = 'pending';

-- name: outbox_release
-- Give back every row of a lease.
UPDATE outbox SET lease = NULL, leased_until = NULL WHERE lease = :token;

-- name: outbox_reclaim
-- Give back every leased row.
UPDATE outbox SET lease = NULL, leased_until = NULL WHERE lease IS NOT NULL;

-- name: outbox_next_due
-- When the earliest row without a lease is due, but for what is held.
SELECT MIN(due_at)
FROM outbox
WHERE state = 'pending' AND lease IS NULL
    AND NOT (is_reply = 1 AND (:held = '*' OR REPLACE(:held, '/' || tenant || '/', '') <> :held));
