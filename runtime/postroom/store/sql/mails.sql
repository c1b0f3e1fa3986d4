-- name: mails_keep_raw
-- Name these bytes; the same bytes twice are kept once.
INSERT INTO raws (sha256, size, small) VALUES (:sha256, :size, :small) ON CONFLICT (sha256) DO NOTHING;

-- name: mails_raw
-- Where the bytes are.
SELECT sha256, size, small FROM raws WHERE sha256 = :sha256;

-- name: mails_add
-- Store what was read of a mail.
INSERT INTO mails (id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering)
VALUES (:id, :tenant, :gateway, :channel, :conversation, :incoming, :sha256, :size, :received_at, :message_id,
    :from_address, :from_name, :subject, :mail_class, :body_hash, :attachments, :outcome, :preview, :new_participant,
    :trace, :answering);

-- name: mails_get
-- One mail.
SELECT id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering
FROM mails
WHERE id = :id;

-- name: mails_of_conversation
-- A conversation's mails, oldest first.
SELECT id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering
FROM mails
WHERE conversation = :conversation
ORDER BY received_at, id;

-- name: mails_latest
-- The newest incoming mails of a tenant.
SELECT id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering
FROM mails
WHERE tenant = :tenant AND incoming = 1
ORDER BY received_at DESC, id DESC
LIMIT :limit;

-- name: mails_copy_of
-- The oldest other incoming mail of the channel with that Message-ID, author and body since then.
SELECT id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering
FROM mails
WHERE message_id = :message_id AND tenant = :tenant AND channel = :channel AND incoming = 1
    AND from_address = :from_address AND body_hash = :body_hash AND received_at >= :since AND id <> :but
ORDER BY received_at, id
LIMIT 1;

-- name: mails_arrived
-- Those of these Message-IDs that an incoming mail has.
SELECT DISTINCT message_id FROM mails WHERE message_id IN (:message_ids*) AND incoming = 1;

-- name: mails_newest_served
-- The newest incoming mail of a conversation that somebody is served for.
SELECT id, tenant, gateway, channel, conversation, incoming, sha256, size, received_at, message_id,
    from_address, from_name, subject, mail_class, body_hash, attachments, outcome, preview, new_participant, trace,
    answering
FROM mails
WHERE conversation = :conversation AND incoming = 1 AND outcome = 'conversation'
ORDER BY received_at DESC, id DESC
LIMIT 1;

-- name: mails_take_back
-- Forget what was read of a mail that no route matched.
DELETE FROM mails WHERE id = :id AND outcome = 'unrouted' AND conversation IS NULL;

-- name: mails_add_trace
-- Write lines behind those on a mail's trace: two JSON lists become one.
UPDATE mails
SET trace = CAST(
    RTRIM(CAST(trace AS TEXT), ']') || CASE WHEN trace = CAST('[]' AS BLOB) THEN '' ELSE ',' END
    || LTRIM(CAST(:lines AS TEXT), '[') AS BLOB)
WHERE id = :id;

-- name: mails_twin
-- The conversation of the same mail on another channel; the plus keeps the order from choosing the index.
SELECT conversation
FROM mails
WHERE message_id = :message_id AND tenant = :tenant AND channel <> :channel AND body_hash = :body_hash
    AND from_address = :from_address AND incoming = 1 AND conversation IS NOT NULL
ORDER BY +received_at, id
LIMIT 1;
