"""What loading a file of each format would do besides reading numbers; pickles have their own reader in gate.formats.

One module a format: what its reader found out, to concerns. judges.py says which one a member's first bytes ask for.
"""
