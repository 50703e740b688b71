#!/bin/sh
# Prints the path of the slsa-verifier that summaries are checked with; builds it into .tools/ where Go is present.
# With --installed it only looks, and exits 1 when there is none.
set -eu

version=2.7.1
module=github.com/slsa-framework/slsa-verifier/v2
here=$(cd "$(dirname "$0")/.." && pwd)

is_pinned() {
    [ -x "$1" ] && [ "$("$1" version 2>/dev/null | sed -n 's/^GitVersion: *v\{0,1\}//p')" = "$version" ]
}

go_bin=""
if command -v go >/dev/null 2>&1; then
    go_bin="$(go env GOPATH)/bin/slsa-verifier"
fi
for candidate in "$(command -v slsa-verifier || true)" "$go_bin" "$here/.tools/slsa-verifier"; do
    if [ -n "$candidate" ] && is_pinned "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done

if [ "${1:-}" = --installed ]; then
    echo "slsa-verifier $version is not installed: run sh .ci/slsa-verifier.sh" >&2
    exit 1
fi
if [ -z "$go_bin" ]; then
    echo "slsa-verifier $version is needed: put it on PATH from https://github.com/slsa-framework/slsa-verifier/releases/tag/v$version, or install Go" >&2
    exit 1
fi
# Its module has replacements, so `go install module@version` refuses it: build it as a dependency of an empty module.
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cd "$build"
printf 'module tools\n\ngo 1.24\n\nrequire %s v%s\n' "$module" "$version" >go.mod
printf '//go:build tools\n\npackage tools\n\nimport _ "%s/cli/slsa-verifier"\n' "$module" >tools.go
go mod tidy >&2
go build -o "$here/.tools/slsa-verifier" "$module/cli/slsa-verifier" >&2
is_pinned "$here/.tools/slsa-verifier" || { echo "$here/.tools/slsa-verifier is not slsa-verifier $version" >&2; exit 1; }
echo "$here/.tools/slsa-verifier"
