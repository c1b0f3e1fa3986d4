"""What a mail is and says, and what a mail of ours looks like: pure, values in and values out; it never does I/O."""
