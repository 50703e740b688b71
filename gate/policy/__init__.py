"""The policy document, the question to an engine, and what may be made of its answer."""
