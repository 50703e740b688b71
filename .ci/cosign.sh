#!/bin/sh
# Prints the path of the cosign that attestations are checked with; installs it into .tools/ where Go is present.
# With --installed it only looks, and exits 1 when there is none.
set -eu

version=3.1.3
here=$(cd "$(dirname "$0")/.." && pwd)

is_pinned() {
    [ -x "$1" ] && [ "$("$1" version 2>/dev/null | sed -n 's/^GitVersion: *//p')" = "v$version" ]
}

go_bin=""
if command -v go >/dev/null 2>&1; then
    go_bin="$(go env GOPATH)/bin/cosign"
fi
for candidate in "$(command -v cosign || true)" "$go_bin" "$here/.tools/cosign"; do
    if [ -n "$candidate" ] && is_pinned "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done

if [ "${1:-}" = --installed ]; then
    echo "cosign $version is not installed: run sh .ci/cosign.sh" >&2
    exit 1
fi
if [ -z "$go_bin" ]; then
    echo "cosign $version is needed: put it on PATH from https://github.com/sigstore/cosign/releases/tag/v$version, or install Go" >&2
    exit 1
fi
GOBIN="$here/.tools" go install "github.com/sigstore/cosign/v3/cmd/cosign@v$version" >&2
is_pinned "$here/.tools/cosign" || { echo "$here/.tools/cosign is not cosign $version" >&2; exit 1; }
echo "$here/.tools/cosign"
