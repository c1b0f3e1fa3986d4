-- Addresses whose servers said that there is no such mailbox: nothing is sent to them by itself until then.
CREATE TABLE undeliverable (
    tenant TEXT NOT NULL,
    address TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, address)
);
