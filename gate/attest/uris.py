"""Names of what gate says about an artifact, all below one address that need not answer.

Predicate types match rules/data/signature/verdicts.yaml, so that no verdict is ever taken for a signature of a model.
"""

from __future__ import annotations

BASE = "https://mlgate.example/gate"
"""The project has no domain of its own yet; this one is reserved and belongs to nobody (RFC 2606, section 2)."""
DECISION = f"{BASE}/decision/v1"
"""The predicate type of gate's own decision."""
VSA = "https://slsa.dev/verification_summary/v1"
"""https://slsa.dev/spec/v1.1/verification_summary"""
VULNERABILITIES = "https://in-toto.io/attestation/vulns/v0.2"
"""https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md"""
STAGE = f"{BASE}/stage"
ENVIRONMENT = f"{BASE}/environment"
NOT_AFTER = f"{BASE}/notAfter"
BASIS = f"{BASE}/basis"
POLICY_DATA = f"{BASE}/policyData"
"""Extension fields of a verification summary, which must be URIs."""
UNLISTED = f"{BASE}/unlisted"
LABEL = f"{BASE}/databaseLabel"
FETCHED = f"{BASE}/databaseFetched"
"""Extension fields of a list of vulnerabilities."""
SCANNER = "pkg:pypi/mlgate"
"""Where the scanner that made the list comes from (https://github.com/package-url/purl-spec)."""
UNNAMED = f"{BASE}/verifier/unnamed"
"""The verifier id of somebody who gave none."""
UNKNOWN_POLICY = f"{BASE}/policy/unknown"
"""The policy of a decision for which none could be read."""
