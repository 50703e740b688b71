#!/bin/sh
# Prints the folder with the modules of sigstore-js that attestations are checked with; installs them into .tools/ where
# npm is present, exactly those of .ci/sigstore-js/package-lock.json, each compared with the checksum there.
# With --installed it only looks, and exits 1 when they are not there.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
pinned=$here/.ci/sigstore-js
folder=$here/.tools/sigstore-js

is_pinned() {
    command -v node >/dev/null 2>&1 && [ -f "$folder/node_modules/@sigstore/verify/package.json" ] &&
        cmp -s "$pinned/package-lock.json" "$folder/package-lock.json"
}

if ! is_pinned && [ "${1:-}" != --installed ]; then
    command -v npm >/dev/null 2>&1 || { echo "sigstore-js needs npm: install Node.js (https://nodejs.org)" >&2; exit 1; }
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$pinned/package.json" "$folder/"
    (cd "$folder" && cp "$pinned/package-lock.json" . && npm ci --ignore-scripts --no-audit --no-fund >&2) ||
        { rm -rf "$folder"; exit 1; }
fi
is_pinned || { echo "sigstore-js is not installed: run sh .ci/sigstore-js.sh" >&2; exit 1; }
echo "$folder/node_modules"
