"""Which channel a mail belongs to, and which agent a session goes to; pure."""
