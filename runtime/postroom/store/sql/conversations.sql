-- name: conversations_add
-- Store a new conversation.
INSERT INTO conversations (id, tenant, channel, customer, subject, created_at, last_mail_at, related, participants)
VALUES (:id, :tenant, :channel, :customer, :subject, :created_at, :last_mail_at, :related, :participants);

-- name: conversations_get
-- One conversation.
SELECT id, tenant, channel, customer, subject, created_at, last_mail_at, related, participants
FROM conversations
WHERE id = :id;

-- name: conversations_touch
-- Note a mail of that time; an older one moves nothing back.
UPDATE conversations
SET last_mail_at = CASE WHEN :at > last_mail_at THEN :at ELSE last_mail_at END
WHERE id = :id;

-- name: conversations_participants
-- Who takes part.
SELECT participants FROM conversations WHERE id = :id;

-- name: conversations_set_participants
-- Write who takes part.
UPDATE conversations SET participants = :participants WHERE id = :id;

-- name: conversations_name
-- Let a Message-ID lead to a conversation; the first sighting stays.
INSERT INTO thread_names (tenant, message_id, conversation, gateway, seen_at)
VALUES (:tenant, :message_id, :conversation, :gateway, :seen_at)
ON CONFLICT (message_id, tenant, conversation, gateway) DO NOTHING;

-- name: conversations_find
-- The conversations of a tenant that these Message-IDs lead to.
SELECT n.message_id, n.gateway, n.seen_at,
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants
FROM thread_names AS n JOIN conversations AS c ON c.id = n.conversation
WHERE n.tenant = :tenant AND n.message_id IN (:message_ids*)
ORDER BY n.seen_at DESC, c.id DESC;
