-- name: journal_append
-- Write one decision.
INSERT INTO journal (at, tenant, conversation, session, event, facts, generation, before_phase, after_phase, effects)
VALUES (:at, :tenant, :conversation, :session, :event, :facts, :generation, :before_phase, :after_phase, :effects);

-- name: journal_after
-- A tenant's decisions after that number.
SELECT seq, at, tenant, conversation, session, event, facts, generation, before_phase, after_phase, effects
FROM journal
WHERE tenant = :tenant AND seq > :seq
ORDER BY seq
LIMIT :limit;

-- name: journal_of_conversation
-- The decisions of a conversation, and of those laid into it, in order.
SELECT seq, at, tenant, conversation, session, event, facts, generation, before_phase, after_phase, effects
FROM journal
WHERE conversation = :conversation
    OR conversation IN (SELECT id FROM conversations WHERE merged_into = :conversation)
ORDER BY seq;

-- name: journal_last
-- A tenant's newest number.
SELECT seq FROM journal WHERE tenant = :tenant ORDER BY seq DESC LIMIT 1;
