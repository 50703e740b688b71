"""Target profiles of the machines that a model is meant for."""
