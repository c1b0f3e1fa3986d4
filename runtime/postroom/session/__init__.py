"""A period of service as a value, and the table that decides what happens to it; pure, and the heart of the house."""
