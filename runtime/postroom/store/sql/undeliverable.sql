-- name: undeliverable_add
-- Remember an address that cannot be written to, until a time.
INSERT INTO undeliverable (tenant, address, since, until)
VALUES (:tenant, :address, :since, :until)
ON CONFLICT (tenant, address) DO UPDATE SET since = excluded.since, until = excluded.until;

-- name: undeliverable_has
-- Whether an address cannot be written to at that time.
SELECT 1 FROM undeliverable WHERE tenant = :tenant AND address = :address AND until > :now;

-- name: undeliverable_forget
-- Forget the addresses that can be written to again.
DELETE FROM undeliverable WHERE until <= :now;
