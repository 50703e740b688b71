"""The only folder that imports heavy third parties, each lazily and behind one exception boundary."""
