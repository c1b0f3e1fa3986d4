"""The client side of mail servers: collecting from them and sending through them; no decision is made here."""
