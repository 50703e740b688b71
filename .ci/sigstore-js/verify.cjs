// Whether sigstore-js takes a bundle for an attestation of a type about a sha256. Needs NODE_PATH (.ci/sigstore-js.sh).
// usage: node verify.cjs BUNDLE TYPE SHA256 key PUBLIC.pem | root TRUSTED_ROOT.json IDENTITY ISSUER
// exit 0 and "accepted", 1 and why it is not, 2 something else went wrong
"use strict";
const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { toSignedEntity, toTrustMaterial, Verifier } = require("@sigstore/verify");

const [file, type, digest, how, ...given] = process.argv.slice(2);

function byKey() {
  const rawBytes = createPublicKey(readFileSync(given[0])).export({ type: "spki", format: "der" });
  const nobody = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  const { crypto } = require("@sigstore/core");
  // Whatever the hint says: this key and no other.
  const material = toTrustMaterial(nobody, () => ({
    publicKey: crypto.createPublicKey(rawBytes),
    validFor: () => true,
  }));
  return [new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 }), undefined];
}

function byIdentity() {
  const [root, identity, issuer] = given;
  const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(root))));
  const whole = `^${identity.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")}$`;
  return [new Verifier(material), { subjectAlternativeName: whole, extensions: { issuer } }];
}

function check() {
  const [verifier, policy] = { key: byKey, root: byIdentity }[how]();
  const bundle = bundleFromJSON(JSON.parse(readFileSync(file)));
  if (bundle.content.$case !== "dsseEnvelope") throw new Error("no envelope");
  const signer = verifier.verify(toSignedEntity(bundle), policy);
  if (how === "root" && !signer.identity) throw new Error("signed by a key");
  // What the library leaves to its caller, as for every in-toto statement.
  const { payload, payloadType } = bundle.content.dsseEnvelope;
  const statement = JSON.parse(payload);
  if (payloadType !== "application/vnd.in-toto+json") throw new Error("payload type");
  if (statement._type !== "https://in-toto.io/Statement/v1") throw new Error("statement type");
  if (statement.predicateType !== type) throw new Error("predicate type");
  if (!statement.subject.some((one) => one.digest.sha256 === digest)) throw new Error("subject");
}

try {
  check();
  console.log("accepted");
} catch (error) {
  console.log(`refused: ${error.code ?? error.name}: ${error.message}`);
  process.exitCode = error instanceof ReferenceError ? 2 : 1;
}
