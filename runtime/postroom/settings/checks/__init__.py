"""Whether the values of a configuration fit together, one subject a file; each notes what it finds on the page."""
