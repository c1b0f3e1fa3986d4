-- name: agents_ensure
-- Let an agent have a row, with the capacity his settings say.
INSERT INTO agents (tenant, name, state, reason, capacity, load, missed_offers)
VALUES (:tenant, :name, 'offline', '', :capacity, 0, 0)
ON CONFLICT (tenant, name) DO UPDATE SET capacity = excluded.capacity WHERE agents.capacity <> excluded.capacity;

-- name: agents_get
-- One agent.
SELECT tenant, name, state, reason, capacity, load, idle_since, missed_offers, heartbeat_at
FROM agents
WHERE tenant = :tenant AND name = :name;

-- name: agents_all
-- Every agent of a tenant by name.
SELECT tenant, name, state, reason, capacity, load, idle_since, missed_offers, heartbeat_at
FROM agents
WHERE tenant = :tenant
ORDER BY name;

-- name: agents_tenants
-- Every tenant that has or had agents.
SELECT DISTINCT tenant FROM agents ORDER BY tenant;

-- name: agents_candidates
-- Those of the named who are ready with a place left, by name.
SELECT tenant, name, state, reason, capacity, load, idle_since, missed_offers, heartbeat_at
FROM agents
WHERE tenant = :tenant AND state = 'ready' AND load < capacity AND name IN (:names*)
ORDER BY name;

-- name: agents_able
-- All who are ready with a place left, by name.
SELECT name FROM agents WHERE tenant = :tenant AND state = 'ready' AND load < capacity ORDER BY name;

-- name: agents_reserve
-- Take places of a ready agent who has as many left; his idle time starts anew.
UPDATE agents SET load = load + :weight, idle_since = :now
WHERE tenant = :tenant AND name = :name AND state = 'ready' AND load + :weight <= capacity;

-- name: agents_take
-- Take places whatever the load.
UPDATE agents SET load = load + :weight WHERE tenant = :tenant AND name = :name;

-- name: agents_release
-- Give places back.
UPDATE agents SET load = CASE WHEN load > :weight THEN load - :weight ELSE 0 END
WHERE tenant = :tenant AND name = :name;

-- name: agents_set_state
-- Set an agent's state; who becomes ready is idle from now on and his missed offers are forgotten.
UPDATE agents
SET idle_since = CASE WHEN :state = 'ready' AND state <> 'ready' THEN :now ELSE idle_since END,
    missed_offers = CASE WHEN :state = 'ready' AND state <> 'ready' THEN 0 ELSE missed_offers END,
    state = :state, reason = :reason, heartbeat_at = :now
WHERE tenant = :tenant AND name = :name;

-- name: agents_miss
-- Count one more offer an agent let run out.
UPDATE agents SET missed_offers = missed_offers + 1 WHERE tenant = :tenant AND name = :name RETURNING missed_offers;

-- name: agents_forget_misses
-- Start counting an agent's missed offers anew.
UPDATE agents SET missed_offers = 0 WHERE tenant = :tenant AND name = :name AND missed_offers <> 0;
