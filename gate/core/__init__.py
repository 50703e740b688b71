"""The words of gate: immutable values that know only the standard library."""
