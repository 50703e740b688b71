"""Pure readers: bytes to values, one format a file; each knows bytes, none knows risk."""
