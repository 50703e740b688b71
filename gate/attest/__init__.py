"""A decision as signed statements: from values to bytes; no file, network or clock is touched here."""
