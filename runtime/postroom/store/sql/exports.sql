-- name: exports_save
-- Keep an export task, new or changed.
INSERT INTO exports (id, tenant, status, expires_at, task)
VALUES (:id, :tenant, :status, :expires_at, :task)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, task = excluded.task;

-- name: exports_get
-- One export task.
SELECT task FROM exports WHERE id = :id;

-- name: exports_of_tenant
-- The newest export tasks of a tenant; ids grow with time.
SELECT task FROM exports WHERE tenant = :tenant ORDER BY id DESC LIMIT :most;

-- name: exports_running
-- The export tasks that are not done, the oldest first.
SELECT task FROM exports WHERE status = 'Running' ORDER BY id;

-- name: exports_expired
-- The export tasks whose time is over.
SELECT task FROM exports WHERE expires_at <= :now;

-- name: exports_drop
-- Forget an export task.
DELETE FROM exports WHERE id = :id;
