-- name: settings_add
-- Keep a version of a tenant's settings.
INSERT INTO settings_versions (tenant, number, at, actor, action, changes, content)
VALUES (:tenant, :number, :at, :actor, :action, :changes, :content);

-- name: settings_newest
-- The newest version of each tenant.
SELECT tenant, number, at, actor, action, changes, content
FROM settings_versions
WHERE number = (SELECT MAX(other.number) FROM settings_versions AS other WHERE other.tenant = settings_versions.tenant)
ORDER BY tenant;

-- name: settings_get
-- One version of a tenant's settings.
SELECT tenant, number, at, actor, action, changes, content
FROM settings_versions
WHERE tenant = :tenant AND number = :number;

-- name: settings_before
-- Versions of a tenant's settings before one, the newest first, without what they say.
SELECT tenant, number, at, actor, action, changes
FROM settings_versions
WHERE tenant = :tenant AND number < :number
ORDER BY number DESC
LIMIT :most;

-- name: settings_trim
-- Forget versions of a tenant's settings below one.
DELETE FROM settings_versions WHERE tenant = :tenant AND number < :below;
