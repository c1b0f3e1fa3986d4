-- Since when a mail of the ledger was missing from its server's listings; empty while it is listed, or nobody looked.
ALTER TABLE receipts ADD COLUMN missed_at BIGINT;
