-- What leaves as mail can be held back by tenant.
ALTER TABLE outbox ADD COLUMN is_reply INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET is_reply = 1 WHERE state = 'pending' AND CAST(effect AS TEXT) LIKE '%"send_reply"%';
