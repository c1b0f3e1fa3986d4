-- name: sent_count
-- One more mail leaves on a day.
INSERT INTO sent_mails (tenant, day, gateway, mails)
VALUES (:tenant, :day, :gateway, 1)
ON CONFLICT (tenant, day, gateway) DO UPDATE SET mails = sent_mails.mails + 1;

-- name: sent_take_back
-- One that was counted did not leave.
UPDATE sent_mails SET mails = mails - 1 WHERE tenant = :tenant AND day = :day AND gateway = :gateway AND mails > 0;

-- name: sent_by_gateway
-- How many left on a day by each gateway.
SELECT gateway, mails FROM sent_mails WHERE tenant = :tenant AND day = :day ORDER BY gateway;

-- name: sent_turn
-- The first turn that nobody was given yet.
SELECT next_at FROM sending_turns WHERE tenant = :tenant AND gateway = :gateway;

-- name: sent_give_turns
-- Every turn before a time is given.
INSERT INTO sending_turns (tenant, gateway, next_at)
VALUES (:tenant, :gateway, :next_at)
ON CONFLICT (tenant, gateway) DO UPDATE SET next_at = excluded.next_at;

-- name: sent_forget
-- Drop a tenant's counts of days before one.
DELETE FROM sent_mails WHERE tenant = :tenant AND day < :day;
