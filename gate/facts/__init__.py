"""The typed rows that inspectors share, one file a family, and where they are kept while a scan lasts."""
