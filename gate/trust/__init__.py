"""Who may sign: trust.yaml as values."""
