#!/bin/sh
# Starts the stack of compose.yaml, or says what is missing. usage: infra/grafana.sh [down | any command of compose]
set -eu
cd "$(dirname "$0")"
if ! docker compose version >/dev/null 2>&1; then
    echo "grafana: 'docker compose' does not run here: expected Docker with its compose plugin" >&2
    exit 2
fi
if ! docker info >/dev/null 2>&1; then
    echo "grafana: the Docker daemon does not answer: expected it to run, and you to be allowed to use it" >&2
    exit 2
fi
# made here, or Docker makes it as root
mkdir -p ../state
if [ $# -gt 0 ]; then
    exec docker compose "$@"
fi
docker compose up --detach
cat <<'SAID'
Grafana on http://127.0.0.1:3000, for a server that is started with

    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 ./just serve 2>>state/stderr.log

`./just grafana down` stops it, `./just grafana down --volumes` also forgets what it stored.
SAID
