-- name: drafts_save
-- Keep an agent's draft of a session, instead of the one before.
INSERT INTO drafts (session, agent, tenant, conversation, saved_at, content)
VALUES (:session, :agent, :tenant, :conversation, :saved_at, :content)
ON CONFLICT (session, agent) DO UPDATE SET saved_at = excluded.saved_at, content = excluded.content;

-- name: drafts_of_conversation
-- Every draft of a conversation, the oldest first.
SELECT session, agent, tenant, conversation, saved_at, content
FROM drafts
WHERE conversation = :conversation
ORDER BY saved_at, agent;

-- name: drafts_drop
-- Forget an agent's draft of a session.
DELETE FROM drafts WHERE session = :session AND agent = :agent;

-- name: drafts_forget
-- Forget some drafts saved before a time whose session has ended, the oldest first.
DELETE FROM drafts
WHERE (session, agent) IN (
    SELECT d.session, d.agent
    FROM drafts AS d JOIN sessions AS s ON s.id = d.session
    WHERE d.saved_at < :before AND s.phase = 'ended'
    ORDER BY d.saved_at
    LIMIT :limit
);

-- name: drafts_name_upload
-- Note that a draft names an upload.
INSERT INTO draft_uploads (upload, session, agent)
VALUES (:upload, :session, :agent)
ON CONFLICT (upload, session, agent) DO NOTHING;

-- name: drafts_unname_uploads
-- Forget which uploads a draft names.
DELETE FROM draft_uploads WHERE session = :session AND agent = :agent;

-- name: drafts_get
-- An agent's draft of a session.
SELECT session, agent, tenant, conversation, saved_at, content
FROM drafts
WHERE session = :session AND agent = :agent;
