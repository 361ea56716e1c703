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
wanted=$(printf '%s\n' "$PWD" "$*"; cat "$requirements" scripts/venv.sh)
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

# pip's own progress bars on a terminal; elsewhere, in CI, a line for every twenty packages. Both on stderr, as a
# recipe's output may be piped. awk is last in the pipe, so a failure of pip has to reach it as a line.
install() {
    set -- "$dir/bin/python" -m pip install --disable-pip-version-check "$@"
    if [ -t 2 ]; then
        "$@" >&2
    else
        { "$@" --progress-bar off 2>&1 || echo "pip failed"; } | awk -v dir="$dir" '
            /^(Collecting|Processing) / && ++fetched % 20 == 0 { print dir ": fetched " fetched " packages" }
            /^Installing collected/ { print dir ": installing " fetched " packages" }
            /^ *(ERROR|error)/ { failing = 1 }
            /^pip failed$/ { failed = 1; next }
            failing { print }
            { fflush() }
            END { exit failed }
        ' >&2
    fi
}
if [ $# -gt 0 ]; then
    install "$@"
fi
# The lock names every package, so nothing is resolved and nothing unlocked can slip in.
install --no-deps --require-hashes -r "$requirements"
if "$dir/bin/python" -c 'import hatchling' 2>/dev/null; then
    # The project itself, editable, with its command lynx-ab; built by the locked backend, so nothing is fetched.
    install --no-deps --no-build-isolation --no-index -e .
else
    # Environments without the build backend only need src/ on their path.
    site=$("$dir/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    printf '%s\n' "$PWD/src" >"$site/lynx.pth"
fi
printf '%s\n' "$wanted" >"$stamp"
