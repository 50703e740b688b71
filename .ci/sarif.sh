#!/bin/sh
# Puts the SARIF validator of the standard's authors under .tools/ and prints the path of its program.
# The schema of SARIF 2.1.0 lies beside it. usage: .ci/sarif.sh     exit 0 ready, 2 npm missing, 3 wrong bytes
set -eu
version=5.7.0
digest=7eb1ad4dafe036e978464d55a9fed12b7cbb094639fc0ecd9fcd2a2ac84dfe80
package=@microsoft/sarif-multitool-linux
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.tools/sarif
program=$folder/node_modules/$package/Sarif.Multitool

if [ ! -f "$program" ]; then
    if ! command -v npm >/dev/null; then
        echo "sarif.sh: npm is not installed; install Node.js (https://nodejs.org), or unpack $package $version from the npm registry to $folder/node_modules/$package" >&2
        exit 2
    fi
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --ignore-scripts --no-audit --no-fund "$package@$version" >&2
fi
# The registry's own checksum protects the way; this one pins the program.
echo "$digest  $program" | sha256sum --check --quiet >&2 || exit 3
chmod u+x "$program"
echo "$program"
