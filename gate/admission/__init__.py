"""Admission: may an artifact that was judged elsewhere be deployed here? From attestations; no archive is opened."""
