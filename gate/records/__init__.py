"""The record of a model: what many documents say about it, brought together, and where they disagree."""
