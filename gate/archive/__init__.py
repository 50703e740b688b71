"""The walker owns all I/O: it opens the subject once and walks its members once, within a budget."""
