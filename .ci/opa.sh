#!/bin/sh
# Prints the path of the opa that the policies are compiled and tested with; installs it into .tools/ where Go is present.
# With --installed it only looks, and exits 1 when there is none.
set -eu

version=1.22.0
here=$(cd "$(dirname "$0")/.." && pwd)

is_pinned() {
    [ -x "$1" ] && [ "$("$1" version 2>/dev/null | sed -n 's/^Version: //p')" = "$version" ]
}

go_bin=""
if command -v go >/dev/null 2>&1; then
    go_bin="$(go env GOPATH)/bin/opa"
fi
for candidate in "$(command -v opa || true)" "$go_bin" "$here/.tools/opa"; do
    if [ -n "$candidate" ] && is_pinned "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done

if [ "${1:-}" = --installed ]; then
    echo "opa $version is not installed: run sh .ci/opa.sh" >&2
    exit 1
fi
if [ -z "$go_bin" ]; then
    echo "opa $version is needed: put it on PATH from https://github.com/open-policy-agent/opa/releases/tag/v$version, or install Go" >&2
    exit 1
fi
GOBIN="$here/.tools" go install "github.com/open-policy-agent/opa@v$version" >&2
is_pinned "$here/.tools/opa" || { echo "$here/.tools/opa is not opa $version" >&2; exit 1; }
echo "$here/.tools/opa"
