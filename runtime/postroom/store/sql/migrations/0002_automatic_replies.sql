-- Automatic replies: a mail keeps what one to it would need, a reply says which kind it is, and each is remembered.

-- JSON; NULL where nobody knows, as of every mail from before this table: such a mail is not answered by itself.
ALTER TABLE mails ADD COLUMN answering BYTEA;

-- The kind of an automatic reply; empty where a person wrote it.
ALTER TABLE replies ADD COLUMN automatic TEXT NOT NULL DEFAULT '';
CREATE INDEX replies_automatic_waiting ON replies (tenant, gateway)
    WHERE automatic <> '' AND state IN ('accepted', 'sending', 'delayed');

-- Every automatic reply put in. `sender` is the address answered, case-folded and without its plus-tag.
CREATE TABLE automatic_replies (
    reply TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    conversation TEXT NOT NULL,
    session TEXT NOT NULL,
    mail TEXT NOT NULL,
    sender TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX automatic_replies_sender ON automatic_replies (tenant, sender, channel, at);
CREATE INDEX automatic_replies_conversation ON automatic_replies (conversation, at);
CREATE INDEX automatic_replies_session ON automatic_replies (session, kind);
CREATE INDEX automatic_replies_mail ON automatic_replies (mail);
