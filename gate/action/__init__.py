"""The entry point of the GitHub Action, a front end beside the command line: `python -I -m gate.action`."""
