-- Mails that are referred to before they come, and customers by the key their address is compared by.

ALTER TABLE thread_names ADD COLUMN is_expected INTEGER NOT NULL DEFAULT 0;

ALTER TABLE conversations ADD COLUMN customer_key TEXT NOT NULL DEFAULT '';
UPDATE conversations SET customer_key = LOWER(customer);
DROP INDEX conversations_customer;
CREATE INDEX conversations_customer ON conversations (tenant, channel, customer_key);
