"""What an administrator sets: read, checked and compiled to values; it never acts on them."""
