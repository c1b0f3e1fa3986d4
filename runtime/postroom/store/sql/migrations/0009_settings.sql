-- The settings of tenants where they are set by way of the HTTP door: whole documents, the newest of a tenant in force.
CREATE TABLE settings_versions (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    changes BYTEA NOT NULL,
    content BYTEA NOT NULL,
    is_newest INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX settings_versions_newest ON settings_versions (tenant) WHERE is_newest = 1;
