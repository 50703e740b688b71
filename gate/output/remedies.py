"""What to do about a reason that no rule text explains: gaps, the engine, and what only policy knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """What a code means, and what to do next; one sentence each."""

    title: str
    remedy: str


_LIMIT = "Raise the limit with --limit if the size is expected, or split the archive."

KNOWN: Mapping[str, Advice] = {
    "gap.corrupt": Advice(
        "Bytes are not what they claim to be",
        "Write the member again with a tool of its format.",
    ),
    "gap.encrypted": Advice("A member is encrypted", "Ship the member without a password, or leave it out."),
    "gap.unsupported": Advice(
        "No reader knows this format", "Ship the member in a supported format, or leave it out of the archive."
    ),
    "gap.too-large": Advice("Something is larger than a limit of the scan", _LIMIT),
    "gap.too-deep": Advice("Archives are nested deeper than the limit", "Unpack the inner archives before packaging."),
    "gap.too-many": Advice("There are more entries than the limit", _LIMIT),
    "gap.budget": Advice("A budget of the scan ran out", _LIMIT),
    "gap.timed-out": Advice("A member took too long", "Scan again on a free machine, or raise --limit member_seconds."),
    "gap.crashed": Advice("An inspector failed on this member", "Report it as a bug, with the output of -v."),
    "gap.missing-extra": Advice("An optional dependency is not installed", "Install gate with the scan extra."),
    "gap.unreadable": Advice("Bytes could not be read", "Check the permissions and the disk or mount, and scan again."),
    "gap.unavailable": Advice(
        "A required question was not answered", "Give the scan what the inspector needs (data base, key, network)."
    ),
    "gap.changed": Advice("The target changed during the scan", "Scan again when nothing writes to it."),
    "gap.not-fetched": Advice("A referenced file was not fetched", "Fetch it first, and scan the complete archive."),
    "limits.archive-too-large": Advice(
        "The archive is larger than its stage takes", "Make it smaller, or raise archive_bytes in the policy data."
    ),
    "limits.unpacked-too-large": Advice(
        "What it unpacks to is larger than its stage takes", "Leave out what is not served, or raise unpacked_bytes."
    ),
    "limits.weights-too-large": Advice(
        "The weights are larger than the stage takes", "Ship one format in a lower precision, or raise weight_bytes."
    ),
    "limits.too-many-parameters": Advice(
        "The model has more parameters than the stage takes, or nobody can count them",
        "Ship it in a format whose header tells (safetensors, GGUF, ONNX), or raise parameters in the policy data.",
    ),
    "limits.load-too-large": Advice(
        "Loading it needs more memory than the stage takes",
        "Convert the weights to a format that is mapped (safetensors, GGUF), or raise load_bytes in the policy data.",
    ),
    "limits.host-memory": Advice(
        "The target has too little memory to load it",
        "Use weights of a lower precision or a format that is mapped, or a larger machine in the profile.",
    ),
    "limits.gpu-memory": Advice(
        "The weights do not fit into the memory of one GPU",
        "Spread them over several, use a lower precision, or correct gpu_mib in the profile.",
    ),
    "limits.disk-space": Advice(
        "The target has too little disk space to unpack it", "Leave out what is not served, or give it a larger disk."
    ),
    "limits.memory-doubtful": Advice(
        "It may need more memory than the target has",
        "Leave out the weights that are not served, so that it is clear which are loaded.",
    ),
    "limits.memory-unknown": Advice(
        "Nobody can tell what memory some weights need", "Measure it once, and waive this with what was measured."
    ),
    "advisories.stale": Advice(
        "The advisory data is too old", "Get a recent copy with `gate db update`, or raise advisory_age_hours."
    ),
    "advisories.aging": Advice(
        "The advisory data will soon be too old", "Get a recent copy with `gate db update`, best every day."
    ),
    "advisories.sample": Advice(
        "The advisory data is only a sample", "Import the whole data base with `gate db import` and pass it with --db."
    ),
    "provenance.unsigned": Advice(
        "No accepted signature", "Sign the archive with a signer that the trust file names for this stage."
    ),
    "provenance.unchecked": Advice(
        "Nobody checked who made it", "Say whose signatures count in a trust file, and pass it with --trust."
    ),
    "readiness.no-profile": Advice(
        "No target to compare with", "Describe the machines that it is to run on, and pass that with --profile."
    ),
    "versioning.missing": Advice(
        "The model has no version", "Write one into the manifest or a gate-model.yaml, or pass --model-version."
    ),
    "versioning.mutable": Advice(
        "The version is a name that moves", "Give each build a semantic version of its own, and keep names for tags."
    ),
    "versioning.not-semantic": Advice(
        "The version is no semantic version", "Write it as MAJOR.MINOR.PATCH; see https://semver.org."
    ),
    "versioning.ambiguous": Advice(
        "It is not clear which version it is", "Correct the manifest that is wrong, or pass --model-version."
    ),
    "governance.no-owner": Advice(
        "Nobody is named who answers for the model", "Name an owner in a gate-model.yaml or the manifest."
    ),
    "governance.no-licence": Advice(
        "No licence is declared", "Declare one in the model card (license:) or a gate-model.yaml."
    ),
    "governance.licence-copyleft": Advice(
        "The licence is copyleft", "Ask whether what is made with the model is passed on, and under which terms."
    ),
    "governance.licence-network-copyleft": Advice(
        "The licence is copyleft also for services", "Ask whether what serves the model can be published."
    ),
    "governance.licence-non-commercial": Advice(
        "The licence forbids commercial use", "Use another model, or get a licence from whoever owns it."
    ),
    "governance.licence-use-restricted": Advice(
        "The licence restricts what the model may be used for", "Compare the intended use with its terms, and waive it."
    ),
    "governance.licence-unknown": Advice(
        "Nobody can tell from its name what the licence allows", "Declare an SPDX expression, or read it and waive it."
    ),
    "readiness.not-reproducible": Advice(
        "It could not be made again", "Record code, data, parameters, lock and seeds in a gate-model.yaml."
    ),
    "lifecycle.expired": Advice(
        "The model has expired", "Evaluate it anew, and build it with a later date in expires."
    ),
    "admission.no-summary": Advice(
        "No verdict about this artifact counts",
        "Scan exactly this artifact with --sign-key or --sign-keyless for this place, and pass what was written.",
    ),
    "admission.wrong-subject": Advice(
        "An attestation is about another artifact", "Compare the digests; pass the attestations of what is deployed."
    ),
    "admission.invalid-signature": Advice(
        "A signature is not valid", "Fetch the attestation again from where it was written; do not trust this copy."
    ),
    "admission.untrusted-signer": Advice(
        "The signer may not issue verdicts",
        "If it should: give it the role verifier in the trust file, as a key, or as an identity with issuer and root.",
    ),
    "admission.signer-scope": Advice(
        "The signer may not decide for this stage or environment",
        "Let a signer sign whom the trust file names for both, or extend stages or environments there.",
    ),
    "admission.verifier-mismatch": Advice(
        "The signer may not decide under this verifier id",
        "Name the pair under verifiers in the trust file, and scan with the same --verifier-id.",
    ),
    "admission.unknown-predicate": Advice(
        "A genuine attestation is no verdict", "Nothing is to be done; leave it out if it was not meant to be asked."
    ),
    "admission.malformed-statement": Advice(
        "A genuine verdict cannot be understood", "Raise gate to the version of whoever signed it, and ask again."
    ),
    "admission.malformed": Advice("A file is no attestation", "Fetch it again; it may have been cut off."),
    "admission.unsupported": Advice(
        "An attestation of a kind that is not supported",
        "Pass a Sigstore bundle or a DSSE envelope with one signature.",
    ),
    "admission.too-large": Advice(
        "Attestations are larger or more than what is read", "Pass only those of this artifact; each has a few KiB."
    ),
    "admission.unreadable": Advice(
        "A file of attestations could not be read", "Check its path and permissions, and ask again."
    ),
    "admission.wrong-stage": Advice(
        "The verdict is for another stage",
        "Scan with --stage of the deployment; a verdict for one stage is for no other.",
    ),
    "admission.wrong-environment": Advice(
        "The verdict is for another environment",
        "Scan with --environment of the deployment, or deploy where it is for.",
    ),
    "admission.failed": Advice(
        "The artifact was judged, and did not pass", "See the result of its scan; mend the archive and scan it again."
    ),
    "admission.too-old": Advice("The verdict is too old", "Scan the artifact again with the advisory data of today."),
    "admission.ended": Advice("The verdict has ended", "Scan again; a waiver or --valid-for ended it."),
    "admission.from-future": Advice(
        "The verdict is from the future", "Set the clocks of both machines, and scan again."
    ),
    "admission.policy": Advice(
        "The verdict rests on another policy", "Scan again with an allowed policy, or allow this one by its digest."
    ),
    "admission.disagreement": Advice(
        "Two verdicts of the same scan differ", "Pass the attestations of one scan, all of them; else scan again."
    ),
    "admission.superseded": Advice(
        "An older verdict said something else", "Nothing is to be done: the newest one decides."
    ),
    "engine.unavailable": Advice(
        "The policy engine could not be used", "Check what --policy or --opa-url names, or install gate again."
    ),
    "engine.timed-out": Advice(
        "The policy engine gave no answer in time", "Scan again on a free machine, or make the policy document smaller."
    ),
    "engine.trapped": Advice("The policy stopped with an error", "Run `gate policy test` on your own policy."),
    "engine.undefined": Advice(
        "The policy has no answer for this request", "Check that the stage is one that the policy data names."
    ),
    "engine.bad-result": Advice("The policy's answer has a wrong shape", "Run `gate policy check` on your own policy."),
    "engine.over-cap": Advice("The policy document is larger than the engine takes", "Lower --limit rule_items."),
    "engine.engines-differ": Advice(
        "Two engines gave different answers", "Run the same policy bundle in both; compare their digests."
    ),
    "engine.digest-mismatch": Advice(
        "The engine ran another policy than the one expected", "Load the expected policy bundle into the server."
    ),
}

_FAMILIES: Mapping[str, Advice] = {
    "admission": Advice("No verdict admits it", "Scan the artifact for this stage and environment, and sign that."),
    "versioning": Advice(
        "The version does not follow from the change", "Raise the model version as `gate compare` says."
    ),
    "provenance": Advice("The origin is not proven", "Sign the archive with a signer that the trust file names."),
    "governance": Advice("An approval is missing", "Let an approver sign with `gate approve`."),
    "evidence": Advice("Evidence is missing, old or too weak", "Measure again and pass it with --evidence."),
    "readiness": Advice("The model is not ready for this stage", "Supply what the policy data requires for the stage."),
    "lifecycle": Advice("The model's life does not allow this step", "See `gate ledger show` for what came before."),
    "limits": Advice("A limit of the policy is exceeded", "Keep the value below the limit."),
    "advisories": Advice("The advisory data cannot be relied on", "Import a recent copy with `gate db import`."),
    "gap": Advice("Something was not examined", "Make it readable for the scan, or leave it out."),
    "engine": Advice("The policy engine gave no usable answer", "Run again with -v, and check the engine."),
    "site": Advice("A rule of your organisation holds", "Ask the owner of your organisation's policy."),
}

_UNKNOWN = Advice("A rule of the policy holds", "See `gate explain` for this code, or ask the owner of the policy.")


def advice(code: str) -> Advice:
    """What is known of one reason code, else of its family, else of any."""
    return KNOWN.get(code) or _FAMILIES.get(code.partition(".")[0], _UNKNOWN)
