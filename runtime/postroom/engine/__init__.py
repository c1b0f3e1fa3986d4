"""The loops that carry a mail in and an answer out; every decision is the core's."""
