-- name: search_index
-- Let a word of its subject lead to a conversation.
INSERT INTO subject_words (tenant, word, created_at, conversation)
VALUES (:tenant, :word, :created_at, :conversation)
ON CONFLICT (tenant, word, created_at, conversation) DO NOTHING;

-- name: search_newest
-- The conversations of a tenant before that place, the newest first.
SELECT
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants,
    c.merged_into
FROM conversations AS c
WHERE c.tenant = :tenant
    AND c.created_at >= :since AND (c.created_at, c.id) < (:created_at, :id)
    AND c.merged_into IS NULL
ORDER BY c.created_at DESC, c.id DESC
LIMIT :limit;

-- name: search_of_channel
-- Those of a channel.
SELECT
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants,
    c.merged_into
FROM conversations AS c
WHERE c.tenant = :tenant AND c.channel = :channel
    AND c.created_at >= :since AND (c.created_at, c.id) < (:created_at, :id)
    AND c.merged_into IS NULL
ORDER BY c.created_at DESC, c.id DESC
LIMIT :limit;

-- name: search_of_customer
-- Those of a customer; letter case counts for nothing.
SELECT
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants,
    c.merged_into
FROM conversations AS c
WHERE c.tenant = :tenant AND c.customer_key = :customer
    AND c.created_at >= :since AND (c.created_at, c.id) < (:created_at, :id)
    AND c.merged_into IS NULL
ORDER BY c.created_at DESC, c.id DESC
LIMIT :limit;

-- name: search_with_word
-- Those whose subject has that word.
SELECT
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants,
    c.merged_into
FROM subject_words AS w
JOIN conversations AS c ON c.id = w.conversation
WHERE w.tenant = :tenant AND w.word = :word
    AND w.created_at >= :since AND (w.created_at, w.conversation) < (:created_at, :id)
    AND c.merged_into IS NULL
ORDER BY w.created_at DESC, w.conversation DESC
LIMIT :limit;
