"""Which packages an archive asks for: its lists, and how they bear on one another."""
