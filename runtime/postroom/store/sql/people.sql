-- name: people_add
-- Keep a new user; nothing happens where the account is taken.
INSERT INTO users (tenant, account, name, role, ou, queues, password, is_disabled, created_at, changed_at)
VALUES (:tenant, :account, :name, :role, :ou, :queues, :password, :is_disabled, :created_at, :changed_at)
ON CONFLICT (tenant, account) DO NOTHING;

-- name: people_get
-- One user.
SELECT tenant, account, name, role, ou, queues, password, is_disabled, created_at, changed_at
FROM users
WHERE tenant = :tenant AND account = :account;

-- name: people_all
-- Every user of a tenant.
SELECT tenant, account, name, role, ou, queues, password, is_disabled, created_at, changed_at
FROM users
WHERE tenant = :tenant
ORDER BY account;

-- name: people_set_password
-- Keep another hash of a password.
UPDATE users SET password = :password, changed_at = :now WHERE tenant = :tenant AND account = :account;

-- name: people_set_disabled
-- Let a user sign in no more, or again.
UPDATE users SET is_disabled = :is_disabled WHERE tenant = :tenant AND account = :account;

-- name: people_sign_in
-- Remember a browser.
INSERT INTO sign_ins (digest, tenant, account, created_at, expires_at)
VALUES (:digest, :tenant, :account, :created_at, :expires_at);

-- name: people_browser
-- The browser with that cookie.
SELECT digest, tenant, account, created_at, expires_at FROM sign_ins WHERE digest = :digest;

-- name: people_sign_out
-- Forget a browser.
DELETE FROM sign_ins WHERE digest = :digest;

-- name: people_sign_out_everywhere
-- Forget every browser of an account.
DELETE FROM sign_ins WHERE tenant = :tenant AND account = :account;

-- name: people_forget_before
-- Forget browsers whose sign-in ended before then.
DELETE FROM sign_ins WHERE expires_at < :when;

-- name: people_add_token
-- Keep a new token.
INSERT INTO tokens (id, tenant, account, role, ou, queues, digest, prefix, created_at, created_by, expires_at)
VALUES (:id, :tenant, :account, :role, :ou, :queues, :digest, :prefix, :created_at, :created_by, :expires_at);

-- name: people_token
-- The token with that hash.
SELECT id, tenant, account, role, ou, queues, digest, prefix, created_at, created_by, expires_at, revoked_at, last_used_at
FROM tokens
WHERE digest = :digest;

-- name: people_tokens
-- The tokens of a tenant in the order of their making, after that id.
SELECT id, tenant, account, role, ou, queues, digest, prefix, created_at, created_by, expires_at, revoked_at, last_used_at
FROM tokens
WHERE tenant = :tenant AND id > :after
ORDER BY id
LIMIT :limit;

-- name: people_revoke
-- Let a token be good no more.
UPDATE tokens SET revoked_at = :now WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL;

-- name: people_revoke_of
-- Let every token of an account be good no more.
UPDATE tokens SET revoked_at = :now WHERE tenant = :tenant AND account = :account AND revoked_at IS NULL;

-- name: people_used
-- Note that a token was used.
UPDATE tokens SET last_used_at = :now WHERE digest = :digest;
