-- name: automatic_add
-- Remember an automatic reply; the same one twice is refused.
INSERT INTO automatic_replies (reply, tenant, channel, conversation, session, mail, sender, kind, at)
VALUES (:reply, :tenant, :channel, :conversation, :session, :mail, :sender, :kind, :at);

-- name: automatic_in_session
-- How many of each kind a session had.
SELECT kind, COUNT(*) FROM automatic_replies WHERE session = :session GROUP BY kind ORDER BY kind;

-- name: automatic_last_in_conversation
-- When the conversation had its last one that was no reminder.
SELECT MAX(at) FROM automatic_replies WHERE conversation = :conversation AND kind NOT IN ('reminder', 'robot');

-- name: automatic_to_sender
-- How many texts were put in for a sender on a channel after that time; a robot's answers are counted apart.
SELECT COUNT(*) FROM automatic_replies
WHERE tenant = :tenant AND sender = :sender AND channel = :channel AND at > :after AND kind <> 'robot';

-- name: automatic_of_robots
-- How many answers of robots were put in for a sender on a channel after that time.
SELECT COUNT(*) FROM automatic_replies
WHERE tenant = :tenant AND sender = :sender AND channel = :channel AND at > :after AND kind = 'robot';

-- name: automatic_of_mail
-- Whether one that was no reminder was put in for that mail.
SELECT 1 FROM automatic_replies WHERE mail = :mail AND kind NOT IN ('reminder', 'robot') LIMIT 1;

-- name: automatic_of_copy
-- Whether one was put in after that time for another mail with that Message-ID and body, to the same sender.
SELECT 1
FROM automatic_replies AS a JOIN mails AS m ON m.id = a.mail
WHERE a.tenant = :tenant AND a.sender = :sender AND a.at > :after AND a.kind NOT IN ('reminder', 'robot') AND m.id <> :but
    AND m.message_id = :message_id AND m.body_hash = :body_hash
LIMIT 1;

-- name: automatic_waiting
-- How many of a gateway's automatic replies are still to be sent.
SELECT COUNT(*) FROM replies
WHERE tenant = :tenant AND gateway = :gateway AND automatic <> '' AND state IN ('accepted', 'sending', 'delayed');

-- name: automatic_forget
-- Forget some put in before a time whose session has ended, the oldest first.
DELETE FROM automatic_replies
WHERE reply IN (
    SELECT a.reply
    FROM automatic_replies AS a JOIN sessions AS s ON s.id = a.session
    WHERE a.at < :before AND s.phase = 'ended'
    ORDER BY a.at
    LIMIT :limit
);
