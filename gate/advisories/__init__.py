"""The OSV advisory data base: import, query, serve."""
