-- Exports as tasks; their files lie beside the database. `task` is JSON.
CREATE TABLE exports (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    task BYTEA NOT NULL
);
CREATE INDEX sessions_of_tenant ON sessions (tenant, seq);
CREATE INDEX exports_tenant ON exports (tenant, id);
CREATE INDEX exports_running ON exports (id) WHERE status = 'Running';
CREATE INDEX exports_expiry ON exports (expires_at);
