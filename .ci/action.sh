#!/bin/sh
# Checks action.yml and the workflow of docs/action.md with zizmor, check-jsonschema and actionlint, offline once these are
# under .tools/, where this puts them. usage: .ci/action.sh     exit 0 no complaint, 2 Go or Python missing, else theirs
set -eu
zizmor=1.32.0
schemas=0.39.0
actionlint=1.7.7
root=$(cd "$(dirname "$0")/.." && pwd)
tools=$root/.tools/action
bin=$tools/venv/bin

for need in go python3; do
    command -v "$need" >/dev/null || { echo "action.sh: $need is not installed" >&2; exit 2; }
done
if [ "$(cat "$tools/versions" 2>/dev/null)" != "$zizmor $schemas $actionlint" ]; then
    rm -rf "$tools"
    python3 -m venv "$tools/venv"
    "$bin/pip" install --quiet --disable-pip-version-check "zizmor==$zizmor" "check-jsonschema==$schemas" >&2
    GOBIN=$bin go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint" >&2
    echo "$zizmor $schemas $actionlint" >"$tools/versions"
fi

# A repository that uses the action as the page says, but from its own folder: so that its inputs are compared.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/.git" "$scratch/.github/workflows"
cp "$root/action.yml" "$scratch/action.yml"
pinned=$scratch/.github/workflows/pinned.yml
awk '/^```yaml$/ {on = 1; next} /^```$/ {on = 0} on' "$root/docs/action.md" >"$pinned"
sed 's|uses: acme/gate@[0-9a-f]*|uses: ./|' "$pinned" >"$scratch/.github/workflows/local.yml"
grep -q 'uses: ./' "$scratch/.github/workflows/local.yml" || { echo "docs/action.md shows no use of the action" >&2; exit 1; }

cd "$scratch"
"$bin/zizmor" --offline --quiet --persona auditor --strict-collection action.yml .github/workflows/pinned.yml
"$bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
"$bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/pinned.yml
"$bin/actionlint" -shellcheck= -pyflakes= .github/workflows/local.yml .github/workflows/pinned.yml
