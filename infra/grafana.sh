#!/bin/sh
# Starts the stack in compose.yaml, or says what is missing. usage: infra/grafana.sh [down | any command of compose]
set -eu
cd "$(dirname "$0")"
if ! docker compose version >/dev/null 2>&1; then
    echo "grafana: 'docker compose' does not work here: install Docker with its compose plugin" >&2
    exit 2
fi
if ! docker info >/dev/null 2>&1; then
    echo "grafana: the Docker daemon does not answer: start it, and make sure that you may use it" >&2
    exit 2
fi
# Otherwise Docker would create it, owned by root.
mkdir -p ../state
if [ $# -gt 0 ]; then
    exec docker compose "$@"
fi
docker compose up --detach
cat <<'MESSAGE'
Grafana runs on http://127.0.0.1:3000. Start the server with

    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 ./just serve 2>>state/stderr.log

`./just grafana down` stops the stack, `./just grafana down --volumes` also deletes its data.
MESSAGE
