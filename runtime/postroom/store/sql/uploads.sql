-- name: uploads_add
-- Keep an upload.
INSERT INTO uploads (id, tenant, account, sha256, size, small, content_type, created_at, expires_at)
VALUES (:id, :tenant, :account, :sha256, :size, :small, :content_type, :created_at, :expires_at);

-- name: uploads_get
-- One upload.
SELECT id, tenant, account, sha256, size, small, content_type, created_at, expires_at
FROM uploads
WHERE id = :id;

-- name: uploads_like
-- An upload of somebody with these bytes.
SELECT id, tenant, account, sha256, size, small, content_type, created_at, expires_at
FROM uploads
WHERE tenant = :tenant AND account = :account AND sha256 = :sha256
LIMIT 1;

-- name: uploads_held
-- How many files somebody has here, and how large they are together.
SELECT COUNT(*), COALESCE(SUM(size), 0)
FROM uploads
WHERE tenant = :tenant AND account = :account;

-- name: uploads_expire_at
-- Keep an upload until then.
UPDATE uploads SET expires_at = :expires_at WHERE id = :id;

-- name: uploads_in_session
-- Whether a draft of a session names an upload.
SELECT 1
FROM draft_uploads AS l JOIN drafts AS d ON d.session = l.session AND d.agent = l.agent
WHERE l.upload = :upload AND l.session = :session
LIMIT 1;

-- name: uploads_drop_expired
-- Forget some whose time is over and that no draft names, the oldest first; gives their ids.
DELETE FROM uploads
WHERE id IN (
    SELECT u.id
    FROM uploads AS u
    WHERE u.expires_at <= :now
        AND NOT EXISTS (
            SELECT 1
            FROM draft_uploads AS l JOIN drafts AS d ON d.session = l.session AND d.agent = l.agent
            WHERE l.upload = u.id
        )
    ORDER BY u.expires_at
    LIMIT :limit
)
RETURNING id;

-- name: uploads_forget_names
-- Forget which drafts named an upload that is gone.
DELETE FROM draft_uploads WHERE upload = :upload;

-- name: uploads_known
-- Those of these ids that there are.
SELECT id FROM uploads WHERE id IN (:ids*);
