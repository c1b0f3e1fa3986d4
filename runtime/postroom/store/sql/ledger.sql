-- name: ledger_receive
-- Record an arrival where its key is new.
INSERT INTO receipts (id, tenant, gateway, uid, sha256, size, listed_size, first_seen_at, attempts, outcome, reason, mail,
    oversize)
VALUES (:id, :tenant, :gateway, :uid, :sha256, :size, :listed_size, :first_seen_at, 1, :outcome, :reason, :mail,
    :oversize)
ON CONFLICT (gateway, uid, sha256, tenant) DO NOTHING;

-- name: ledger_receive_again
-- Count one more reading of an arrival that has no outcome yet, and give the row in force.
UPDATE receipts
SET attempts = attempts + CASE WHEN outcome IS NULL THEN 1 ELSE 0 END
WHERE gateway = :gateway AND uid = :uid AND sha256 = :sha256 AND tenant = :tenant
RETURNING id, listed_size, first_seen_at, attempts, outcome, reason, mail, oversize;

-- name: ledger_settle
-- Give a receipt its outcome, where it has none.
UPDATE receipts SET outcome = :outcome, reason = :reason, mail = :mail WHERE id = :id AND outcome IS NULL;

-- name: ledger_known
-- The rows of these UIDLs in a gateway, without the bytes.
SELECT id, tenant, gateway, uid, sha256, size, listed_size, first_seen_at, attempts, outcome, reason, mail,
    oversize
FROM receipts
WHERE gateway = :gateway AND uid IN (:uids*);

-- name: ledger_settled_with
-- Another receipt of the same bytes in the same gateway and tenant that has an outcome of its own; the oldest. One in
-- quarantine was served to nobody, and one seen again stands for another. Bytes that are all of a mail are never the
-- same as bytes that are only the header of one too large.
SELECT other.id, other.tenant, other.gateway, other.uid, other.sha256, other.size, other.listed_size,
    other.first_seen_at, other.attempts, other.outcome, other.reason, other.mail, other.oversize
FROM receipts AS other
WHERE other.sha256 = :sha256 AND other.gateway = :gateway AND other.outcome IS NOT NULL AND other.id <> :but
    AND other.outcome NOT IN ('quarantined', 'seen_again')
    AND other.tenant = COALESCE((SELECT one.tenant FROM receipts AS one WHERE one.id = :but), other.tenant)
    AND other.oversize = COALESCE((SELECT one.oversize FROM receipts AS one WHERE one.id = :but), 0)
ORDER BY other.first_seen_at, other.id
LIMIT 1;

-- name: ledger_unsettled
-- Receipts whose reading never finished, oldest first, with their bytes where small.
SELECT r.id, r.tenant, r.gateway, r.uid, r.sha256, r.size, r.listed_size,
    r.first_seen_at, r.attempts, r.outcome, r.reason, r.mail, r.oversize, raws.small
FROM receipts AS r LEFT JOIN raws ON raws.sha256 = r.sha256
WHERE r.outcome IS NULL
ORDER BY r.first_seen_at, r.id
LIMIT :limit;

-- name: ledger_count_attempt
-- Count one more reading of a receipt without outcome.
UPDATE receipts SET attempts = attempts + 1 WHERE id = :id AND outcome IS NULL;

-- name: ledger_get
-- One receipt, with its bytes where small.
SELECT r.id, r.tenant, r.gateway, r.uid, r.sha256, r.size, r.listed_size,
    r.first_seen_at, r.attempts, r.outcome, r.reason, r.mail, r.oversize, raws.small
FROM receipts AS r LEFT JOIN raws ON raws.sha256 = r.sha256
WHERE r.id = :id;

-- name: ledger_outcome
-- How a receipt ended, if it did.
SELECT outcome FROM receipts WHERE id = :id;

-- name: ledger_outcomes
-- How these receipts ended, of those that did.
SELECT id, outcome FROM receipts WHERE id IN (:ids*) AND outcome IS NOT NULL;

-- name: ledger_settled_bytes
-- Those of these bytes of which a receipt has an outcome.
SELECT DISTINCT sha256 FROM receipts WHERE sha256 IN (:hashes*) AND outcome IS NOT NULL;

-- name: ledger_by_outcome
-- The newest receipts of a tenant that ended so, without the bytes.
SELECT id, tenant, gateway, uid, sha256, size, listed_size, first_seen_at, attempts, outcome, reason, mail,
    oversize
FROM receipts
WHERE outcome = :outcome AND tenant = :tenant
ORDER BY first_seen_at DESC
LIMIT :limit;

-- name: ledger_reopen
-- Take a receipt's outcome back, to bring it to another.
UPDATE receipts SET outcome = NULL, reason = '', mail = NULL, attempts = 0
WHERE id = :id AND outcome = :outcome;

-- name: ledger_aged
-- The settled receipts of a gateway that were first seen long ago and that no person has to look at, a page in order.
SELECT id, uid, sha256, missed_at
FROM receipts
WHERE gateway = :gateway AND (uid, sha256) > (:uid, :sha256) AND first_seen_at <= :seen_before
    AND outcome IS NOT NULL AND outcome NOT IN ('quarantined', 'oversize', 'unrouted')
ORDER BY uid, sha256
LIMIT :limit;

-- name: ledger_missed
-- Note that mails were missing from a listing, those of which that was not noted yet.
UPDATE receipts SET missed_at = :at WHERE missed_at IS NULL AND id IN (:ids*);

-- name: ledger_listed_again
-- Forget that mails were missing.
UPDATE receipts SET missed_at = NULL WHERE id IN (:ids*);

-- name: ledger_forget
-- Drop a receipt whose mail is missing for long, unless another receipt of its bytes still has to be known: the bytes
-- are what tells a mail that its server only renamed.
DELETE FROM receipts
WHERE id = :id AND missed_at <= :missed_before
    AND NOT EXISTS (
        SELECT 1
        FROM receipts AS other
        WHERE other.sha256 = receipts.sha256 AND other.gateway = receipts.gateway AND other.outcome IS NOT NULL
            AND (other.missed_at IS NULL OR other.missed_at > :missed_before)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM receipts AS other
        WHERE other.outcome IS NULL AND other.sha256 = receipts.sha256 AND other.gateway = receipts.gateway
    );
