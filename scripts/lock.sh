#!/bin/sh
# Locks the dependencies of pyproject.toml into requirements/, hashed and without registry addresses.
# uv is needed to lock, never to install. usage: scripts/lock.sh [UV]
set -eu
cd "$(dirname "$0")/.."
uv=${1:-uv}

lock() {
    "$uv" pip compile "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header --quiet
}
# tokenizers wants huggingface-hub to download models, which we never do; without it: 20 MB less and no client
# that could reach out.
lock pyproject.toml --extra lab --extra test --extra build --override requirements/never.in --output-file requirements/run.txt
lock pyproject.toml --extra lab --extra test --extra bench --override requirements/never.in --output-file requirements/bench.txt
lock requirements/check.in --output-file requirements/check.txt
# torch and what only its CUDA build pulls in are left to pip: the build differs by machine.
lock pyproject.toml --extra lab --extra test --extra train --no-emit-package torch --output-file requirements/train.txt
python3 - <<'PY'
import re
from pathlib import Path

path = Path("requirements/train.txt")
blocks = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.M)
path.write_text("".join(b for b in blocks if not re.match(r"(nvidia|triton|cuda)-?", b)))
PY
