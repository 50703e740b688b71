"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Targets = Annotated[list[str], typer.Argument(metavar="TARGET", help="Archive: a file, a folder, or - for stdin.")]
Stage = Annotated[str, typer.Option(metavar="STAGE", help="Promotion asked for: staging or production.")]
Environment = Annotated[str, typer.Option(metavar="NAME", help="Where it is to run, for example prod-eu.")]
Actor = Annotated[str, typer.Option(metavar="WHO", help="Who asks; recorded, never trusted.")]
ModelName = Annotated[str, typer.Option(metavar="N", help="Name of the model.")]
ModelVersion = Annotated[str, typer.Option(metavar="V", help="Version of the model.")]
Waivers = Annotated[str, typer.Option(metavar="FILE", help="Accepted risks (TOML); must not lie inside a target.")]
Vex = Annotated[list[str], typer.Option(metavar="FILE", help="OpenVEX or CycloneDX: what does not affect the archive.")]
Limit = Annotated[list[str], typer.Option("--limit", metavar="NAME=VALUE", help="Change one budget of the scan.")]
Extension = Annotated[
    list[str], typer.Option("--extension", metavar="DIR", help="Folder with further inspectors/ and rules/.")
]
EffectiveTime = Annotated[str, typer.Option(metavar="T", help="Clock of the decision (RFC 3339, UTC); default: now.")]
Db = Annotated[str, typer.Option(metavar="FILE", help="Advisory data base; default: where `gate db` keeps it.")]
Profiles = Annotated[
    list[str], typer.Option("--profile", metavar="FILE", help="Target that it is to run on (YAML); may be repeated.")
]
TrustFile = Annotated[str, typer.Option("--trust", metavar="FILE", help="Whose signatures count (trust.yaml).")]
Signatures = Annotated[
    list[str], typer.Option("--signature", metavar="FILE", help="Signature that does not lie beside the archive.")
]
ExpectDigest = Annotated[
    list[str],
    typer.Option(
        "--expect-digest", metavar="ALG:HEX", help="Digest that the archive must have; one for each target, in order."
    ),
]
PiiAllow = Annotated[
    str, typer.Option(metavar="FILE", help="Digests of personal values that may be there, one a line (sha256:HEX).")
]
MaskKey = Annotated[
    str,
    typer.Option(metavar="FILE", help="Secret, 32 bytes or more: credentials get keyed hashes, to be compared by."),
]
PiiCountry = Annotated[
    str,
    typer.Option("--pii-country", metavar="CC,...", help="Countries whose ids are personal data, as us,uk; or all."),
]
PiiRecognizers = Annotated[
    list[str],
    typer.Option("--pii-recognizers", metavar="FILE", help="Recognizers of your own (Presidio's registry YAML)."),
]
SignKey = Annotated[str, typer.Option(metavar="FILE", help="Private key (PEM) that attests the decision.")]
SignKeyless = Annotated[
    bool, typer.Option("--sign-keyless", help="Attest the decision by the identity of this build (Sigstore).")
]
IdentityTokenFile = Annotated[
    str, typer.Option(metavar="FILE", help="Identity token (OpenID Connect); default: that of the GitHub job.")
]
SigningConfig = Annotated[
    str, typer.Option(metavar="FILE", help="Services of a Sigstore (JSON); default: the public ones.")
]
TrustedRootFile = Annotated[
    str, typer.Option("--trusted-root", metavar="FILE", help="Trusted root that belongs to --signing-config (JSON).")
]
AttestDir = Annotated[str, typer.Option(metavar="DIR", help="Where the attestations go.")]
KeyPasswordFile = Annotated[
    str,
    typer.Option(metavar="FILE", help="Holds the key's password; default: $GATE_KEY_PASSWORD, else it is asked for."),
]
VerifierId = Annotated[str, typer.Option(metavar="URI", help="Who decides, as attestations say it.")]
ValidFor = Annotated[str, typer.Option(metavar="TIME", help="When attestations end, as 12h or 30d; default: never.")]
Jobs = Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 stays in this process.")]
EngineName = Annotated[str, typer.Option("--engine", metavar="NAME", help="Who evaluates the policy: embedded or opa.")]
OpaUrl = Annotated[str, typer.Option(metavar="URL", help="The OPA server: https, or http on this machine.")]
OpaTokenFile = Annotated[str, typer.Option(metavar="FILE", help="Bearer token for the OPA server.")]
OpaCa = Annotated[str, typer.Option(metavar="FILE", help="Certificates to trust instead of the system's (PEM).")]
EngineCheck = Annotated[bool, typer.Option("--engine-check", help="Ask both engines; inconclusive when they differ.")]
Policy = Annotated[str, typer.Option(metavar="DIR", help="Compiled policy instead of the standard one.")]
PolicyData = Annotated[str, typer.Option(metavar="FILE", help="Your own actions and limits (YAML, JSON).")]
