"""The operator's door: what the command line asks of a running daemon, on a socket only its own user can open."""
