"""What the members of an archive declare about one another, and whether it holds."""
