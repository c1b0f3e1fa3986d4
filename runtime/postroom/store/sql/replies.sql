-- name: replies_add
-- Store a rendered reply.
INSERT INTO replies (id, tenant, channel, gateway, conversation, session, agent, mail, message_id, envelope_from,
    sha256, accepted_at, state, automatic)
VALUES (:id, :tenant, :channel, :gateway, :conversation, :session, :agent, :mail, :message_id, :envelope_from,
    :sha256, :accepted_at, :state, :automatic);

-- name: replies_add_recipient
-- Store one recipient of a reply.
INSERT INTO reply_recipients (reply, place, address, field, state, code, words)
VALUES (:reply, :place, :address, :field, :state, :code, :words);

-- name: replies_get
-- One reply, with its bytes where small.
SELECT r.id, r.tenant, r.channel, r.gateway, r.conversation, r.session, r.agent, r.mail, r.message_id, r.envelope_from,
    r.accepted_at, r.state, raws.sha256, raws.size, raws.small, r.automatic,
    EXISTS (SELECT 1 FROM mails AS m WHERE m.id = r.mail AND m.mail_class = 'forward')
FROM replies AS r JOIN raws ON raws.sha256 = r.sha256
WHERE r.id = :id;

-- name: replies_of_conversation
-- A conversation's replies, oldest first, with their bytes where small.
SELECT r.id, r.tenant, r.channel, r.gateway, r.conversation, r.session, r.agent, r.mail, r.message_id, r.envelope_from,
    r.accepted_at, r.state, raws.sha256, raws.size, raws.small, r.automatic,
    EXISTS (SELECT 1 FROM mails AS m WHERE m.id = r.mail AND m.mail_class = 'forward')
FROM replies AS r JOIN raws ON raws.sha256 = r.sha256
WHERE r.conversation = :conversation
ORDER BY r.seq;

-- name: replies_recipients
-- A reply's recipients in their order.
SELECT address, field, state, code, words FROM reply_recipients WHERE reply = :reply ORDER BY place;

-- name: replies_set_state
-- Write how far a reply is.
UPDATE replies SET state = :state WHERE id = :id;

-- name: replies_set_recipient
-- Write how it stands with one recipient.
UPDATE reply_recipients SET state = :state, code = :code, words = :words
WHERE reply = :reply AND address = :address AND field = :field;

-- name: replies_start_attempt
-- Record a try before it begins.
INSERT INTO attempts (id, reply, started_at, recipients, ended_at, is_unknown, words)
VALUES (:id, :reply, :started_at, :recipients, :ended_at, :is_unknown, :words);

-- name: replies_end_attempt
-- Record how a try ended; what was recorded first stands.
UPDATE attempts SET ended_at = :ended_at, words = :words, is_unknown = :is_unknown WHERE id = :id AND ended_at IS NULL;

-- name: replies_attempts
-- A reply's tries, oldest first.
SELECT id, reply, started_at, recipients, ended_at, is_unknown, words FROM attempts WHERE reply = :reply ORDER BY seq;

-- name: replies_last_to_customer
-- Which agent last replied to a customer on a channel, and when.
SELECT r.agent, r.accepted_at
FROM conversations AS c
JOIN replies AS r ON r.conversation = c.id
WHERE c.tenant = :tenant AND c.channel = :channel AND c.customer_key = :customer_key AND r.agent <> ''
    AND r.state <> 'withdrawn'
    AND NOT EXISTS (SELECT 1 FROM mails AS m WHERE m.id = r.mail AND m.mail_class = 'forward')
ORDER BY r.seq DESC
LIMIT 1;

-- name: replies_gateways_of_late
-- The gateways of what agents of a tenant wrote that is not out and of which they were not told so.
SELECT DISTINCT gateway
FROM replies
WHERE tenant = :tenant AND automatic = '' AND is_told_late = 0 AND state IN ('accepted', 'sending', 'delayed')
ORDER BY gateway;

-- name: replies_late
-- Replies of agents accepted before a time that are not out, whose writers were not told so; oldest first.
SELECT id
FROM replies
WHERE tenant = :tenant AND gateway = :gateway AND accepted_at <= :before
    AND automatic = '' AND is_told_late = 0 AND state IN ('accepted', 'sending', 'delayed')
ORDER BY accepted_at, seq
LIMIT :limit;

-- name: replies_tell_late
-- Note that a reply's writer is told that it is late, once.
UPDATE replies SET is_told_late = 1 WHERE id = :id AND is_told_late = 0;
