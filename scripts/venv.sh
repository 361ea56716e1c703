#!/bin/sh
# Makes the virtual environment DIR from a locked requirements file, and does nothing when it is current.
# usage: scripts/venv.sh DIR REQUIREMENTS [PACKAGE==VERSION ...]
# Packages after the file are installed first and unhashed (torch: its build differs by machine).
set -eu

cd "$(dirname "$0")/.."
dir=$1
requirements=$2
shift 2

stamp=$dir/.requirements
wanted=$(printf '%s\n' "$PWD" "$*"; cat "$requirements")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "No Python 3.11 or newer found on PATH (tried python3, python3.11 to python3.14)." >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$python has no ensurepip, so it cannot make a virtual environment." >&2
    echo "On Debian and Ubuntu: apt-get install python$version-venv" >&2
    exit 2
fi

echo "making $dir from $requirements (once)" >&2
rm -rf "$dir"
"$python" -m venv "$dir"
if [ $# -gt 0 ]; then
    "$dir/bin/python" -m pip install -qq --disable-pip-version-check "$@"
fi
# The lock names every package, so nothing is resolved and nothing unlocked can slip in.
"$dir/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r "$requirements"
# src/ on the path of this environment, without a build backend to fetch.
site=$("$dir/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$PWD/src" >"$site/lynx.pth"
printf '%s\n' "$wanted" >"$stamp"
