"""What changed between two archives, and which step of the version that needs."""
