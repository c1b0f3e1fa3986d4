"""Everything kept: units of work over SQLite with shared commits, repositories, and blobs for large raw mails."""
