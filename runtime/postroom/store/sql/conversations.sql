-- name: conversations_add
-- Store a new conversation.
INSERT INTO conversations (
    id, tenant, channel, customer, customer_key, subject, created_at, last_mail_at, related, participants
)
VALUES (
    :id, :tenant, :channel, :customer, :customer_key, :subject, :created_at, :last_mail_at, :related, :participants
);

-- name: conversations_get
-- One conversation.
SELECT id, tenant, channel, customer, subject, created_at, last_mail_at, related, participants, merged_into
FROM conversations
WHERE id = :id;

-- name: conversations_touch
-- Note a mail of that time, and give who takes part; an older one moves nothing back.
UPDATE conversations
SET last_mail_at = CASE WHEN :at > last_mail_at THEN :at ELSE last_mail_at END
WHERE id = :id
RETURNING participants;

-- name: conversations_set_participants
-- Write who takes part.
UPDATE conversations SET participants = :participants WHERE id = :id;

-- name: conversations_name
-- Let the Message-ID of a mail lead to a conversation; the first sighting stays, and an expected mail has come.
INSERT INTO thread_names (tenant, message_id, conversation, gateway, seen_at)
VALUES (:tenant, :message_id, :conversation, :gateway, :seen_at)
ON CONFLICT (message_id, tenant, conversation, gateway) DO UPDATE SET is_expected = 0;

-- name: conversations_expect
-- Let a Message-ID that a mail refers to lead to that mail's conversation, until the mail of that id comes.
INSERT INTO thread_names (tenant, message_id, conversation, gateway, seen_at, is_expected)
VALUES (:tenant, :message_id, :conversation, :gateway, :seen_at, 1)
ON CONFLICT (message_id, tenant, conversation, gateway) DO NOTHING;

-- name: conversations_named
-- Those of these Message-IDs that lead to a conversation of a tenant.
SELECT DISTINCT message_id FROM thread_names WHERE tenant = :tenant AND message_id IN (:message_ids*);

-- name: conversations_find
-- The conversations of a tenant that these Message-IDs lead to; of one laid into another, that other one.
SELECT n.message_id, n.gateway, n.seen_at, n.is_expected,
    c.id, c.tenant, c.channel, c.customer, c.subject, c.created_at, c.last_mail_at, c.related, c.participants,
    c.merged_into
FROM thread_names AS n
JOIN conversations AS named ON named.id = n.conversation
JOIN conversations AS c ON c.id = COALESCE(named.merged_into, named.id)
WHERE n.tenant = :tenant AND n.message_id IN (:message_ids*)
ORDER BY n.seen_at DESC, c.id DESC;

-- name: conversations_unname
-- Let a Message-ID no longer lead to a conversation.
DELETE FROM thread_names WHERE message_id = :message_id AND tenant = :tenant AND conversation = :conversation;

-- name: conversations_merge
-- Let a conversation go on in another, and with it those that were laid into it before.
UPDATE conversations SET merged_into = :into WHERE id = :id OR merged_into = :id;

-- name: conversations_move_mails
-- Take the mails of a conversation over into another.
UPDATE mails SET conversation = :into WHERE conversation = :id;

-- name: conversations_move_replies
-- Take its replies over.
UPDATE replies SET conversation = :into WHERE conversation = :id;

-- name: conversations_move_automatic
-- Take over what it was answered by itself: the caps go on counting.
UPDATE automatic_replies SET conversation = :into WHERE conversation = :id;

-- name: conversations_move_drafts
-- Take its drafts over.
UPDATE drafts SET conversation = :into WHERE conversation = :id;

-- name: conversations_move_mail
-- Put one mail into another conversation.
UPDATE mails SET conversation = :into WHERE id = :mail;
