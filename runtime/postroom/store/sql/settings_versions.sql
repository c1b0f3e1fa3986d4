-- name: settings_versions_add
-- Keep a version of a tenant's settings as its newest.
INSERT INTO settings_versions (tenant, number, at, actor, action, changes, content, is_newest)
VALUES (:tenant, :number, :at, :actor, :action, :changes, :content, 1);

-- name: settings_versions_outdate
-- Let no version of a tenant be its newest any more.
UPDATE settings_versions SET is_newest = 0 WHERE tenant = :tenant AND is_newest = 1;

-- name: settings_versions_newest
-- The newest version of each tenant.
SELECT tenant, number, at, actor, action, changes, content
FROM settings_versions
WHERE is_newest = 1
ORDER BY tenant;

-- name: settings_versions_get
-- One version of a tenant's settings.
SELECT tenant, number, at, actor, action, changes, content
FROM settings_versions
WHERE tenant = :tenant AND number = :number;

-- name: settings_versions_before
-- Versions of a tenant's settings before one, the newest first, without what they say.
SELECT tenant, number, at, actor, action, changes
FROM settings_versions
WHERE tenant = :tenant AND number < :number
ORDER BY number DESC
LIMIT :most;

-- name: settings_versions_trim
-- Forget versions of a tenant's settings below one.
DELETE FROM settings_versions WHERE tenant = :tenant AND number < :below;
