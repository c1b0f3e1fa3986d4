-- name: counts_phases
-- Open sessions by tenant, channel and phase.
SELECT tenant, channel, phase, COUNT(*)
FROM sessions
WHERE phase <> 'ended'
GROUP BY tenant, channel, phase
ORDER BY tenant, channel, phase;

-- name: counts_agents
-- Agents by tenant and state.
SELECT tenant, state, COUNT(*) FROM agents GROUP BY tenant, state ORDER BY tenant, state;

-- name: counts_quarantined
-- Mails in quarantine by tenant and gateway.
SELECT tenant, gateway, COUNT(*)
FROM receipts
WHERE outcome = 'quarantined'
GROUP BY tenant, gateway
ORDER BY tenant, gateway;

-- name: counts_outbox
-- Effects still in the outbox, and since when the oldest.
SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'pending';

-- name: counts_timers
-- Timers not yet due or not yet taken.
SELECT COUNT(*) FROM timers;
