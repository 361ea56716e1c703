# Every recipe first makes the environment it needs from the locked requirements, unless it is current.
# Plain `just` works where it is installed; `./just` brings its own.

python := ".venv/bin/python"
lab := "experiments/38-shadow-ab"
export PYTHONHASHSEED := "0"
# "$@" hands arguments on as they are; spliced into a line, a shell would read them again.
set positional-arguments

# list the recipes
default:
    @{{ just_executable() }} --list

_env:
    @sh scripts/venv.sh .venv requirements/run.txt

_check-env: _env
    @sh scripts/venv.sh .venv-check requirements/check.txt

_bench-env: _env
    @sh scripts/venv.sh .venv-bench requirements/bench.txt

_train-env:
    @sh scripts/venv.sh .venv-train requirements/train.txt torch==2.13.0

# the whole lab: serve, 200 shadow and 200 A/B requests, report; 0 once a valid report exists, whatever the verdict
demo: _env
    @{{ python }} {{ lab }}/route.py
    @{{ python }} {{ lab }}/compare.py || [ $? -eq 10 ] || [ $? -eq 20 ]

# serve, send and log the lab's requests without judging them: --a REF, --b REF or latest
[no-exit-message]
lab *ARGS: _env
    @{{ python }} {{ lab }}/route.py "$@"

# A against itself: the noise floor of the lab's reports; 0 if the verdict is hold, as it must be for equal arms
aa: _env
    @{{ python }} {{ lab }}/route.py --b v0.1.0 --out {{ lab }}/aa
    @{{ python }} {{ lab }}/compare.py --run {{ lab }}/aa; [ $? -eq 10 ]

# A's INT8 model against A, asked for non-inferiority; 0 once a valid report exists, whatever the verdict
int8: _env
    @{{ python }} {{ lab }}/route.py --b v0.2.0 --policy non_inferior --out {{ lab }}/int8
    @{{ python }} {{ lab }}/compare.py --run {{ lab }}/int8 || [ $? -eq 10 ] || [ $? -eq 20 ]

# the test suite, on the run-time requirements
test *ARGS: _env
    {{ python }} -m pytest --ignore tests/train --ignore tests/system "$@"

# the training laws and `dvc status`, in an environment of their own with torch; fails if an output is out of date, too
test-train: _train-env
    .venv-train/bin/python -m pytest tests/train
    .venv-train/bin/dvc status
    .venv-train/bin/dvc status -q

# lint, security lint, format, types, import contracts, the Grafana dashboard and its compose file
check: _check-env
    .venv-check/bin/ruff check .
    .venv-check/bin/bandit -q -c pyproject.toml -r src scripts experiments bench
    .venv-check/bin/ruff format --check .
    .venv-check/bin/mypy --python-executable {{ python }}
    PYTHONPATH=src .venv-check/bin/lint-imports
    MYPYPATH=infra/grafana .venv-check/bin/mypy --python-executable .venv-check/bin/python infra/grafana
    .venv-check/bin/python infra/grafana/dashboard.py --check
    .venv-check/bin/check-jsonschema --builtin-schema vendor.compose-spec infra/compose.yaml

# known vulnerabilities of every locked package, asked of PyPI; needs the network, so it gates no change
audit-deps: _check-env
    #!/bin/sh
    status=0
    for name in run check bench train; do
        echo "requirements/$name.txt"
        .venv-check/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r "requirements/$name.txt" || status=1
    done
    exit $status

# start the server, configured by LYNX_ variables and route_config.json; SIGTERM or Ctrl-C stops it
[no-exit-message]
serve *ARGS: _env
    @exec {{ python }} -m miniserve "$@"

# The recipes below take *ARGS, so that the command reports missing arguments, with exit code 2; just itself exits 1.

# make an API key, print it once, append its hash to FILE (what LYNX_KEYS_FILE names)
[no-exit-message]
key-new *ARGS: _env
    @{{ python }} -m miniserve.cli key-new "$@"

# serve A and run B in its shadow; waits until a running server has loaded B
[no-exit-message]
shadow-on *ARGS: _env
    @{{ python }} -m miniserve.cli shadow-on "$@"

# back to the production arm alone
[no-exit-message]
shadow-off *ARGS: _env
    @{{ python }} -m miniserve.cli shadow-off "$@"

# split between A and B, half and half
[no-exit-message]
ab-on *ARGS: _env
    @{{ python }} -m miniserve.cli ab-on "$@"

# serve PERCENT of the ids with B
[no-exit-message]
canary-on *ARGS: _env
    @{{ python }} -m miniserve.cli canary-on "$@"

# serve one model alone: VERSION is any model of the registry
[no-exit-message]
serve-only *ARGS: _env
    @{{ python }} -m miniserve.cli serve-only "$@"

# show the route configuration
[no-exit-message]
route *ARGS: _env
    @{{ python }} -m miniserve.cli route "$@"

# grade the lab's traffic.log; exit codes 0 promote, 10 hold, 20 retrain, 3 invalid, 2 usage
[no-exit-message]
compare *ARGS: _env
    @{{ python }} {{ lab }}/compare.py "$@"

# read a shadow that still runs: what LOG says so far, valid however often one looks; no verdict
[no-exit-message]
peek LOG="state/traffic.log" *ARGS: _env
    @{{ python }} {{ lab }}/peek.py "$@"

# judge the committed runs again, after a change of the judge: A/A first, because the others quote it as their noise floor
reports: _env
    @for run in {{ lab }}/aa {{ lab }}/int8 {{ lab }}; do \
        {{ python }} {{ lab }}/compare.py --run "$run" || [ $? -eq 10 ] || [ $? -eq 20 ] || exit; \
    done

# judge any traffic log: --log FILE... --eval-set FILE --out DIR, see docs/judge.md; exit codes as compare's
[no-exit-message]
judge *ARGS: _env
    @{{ python }} -m minieval compare "$@"

# train A and B from scratch into models/staging, 16 minutes of CPU time on two threads; resumes an interrupted run
train *ARGS: _train-env
    .venv-train/bin/python -m minimodel.training "$@"

# take a trained bundle into the register of models
[no-exit-message]
register *ARGS: _env
    @{{ python }} scripts/mlops/registry.py register "$@"

# the rest of the register: promote, quantize, list, show, lineage, verify
[no-exit-message]
registry *ARGS: _env
    @{{ python }} scripts/mlops/registry.py "$@"

# grade the production model on the eval set and pin the grader: writes eval_baseline.json
baseline: _env
    {{ python }} scripts/mlops/baseline.py

# account for every id that was sent: LOG against IDS, a file of ids or a lab's manifest.json
[no-exit-message]
audit LOG=(lab / "traffic.log") IDS=(lab / "manifest.json") *ARGS: _env
    @{{ python }} -m miniserve.log.audit "$@"

# check that the committed reports follow from log, manifest, eval set and grader, byte for byte
[no-exit-message]
verify *ARGS: _env
    @{{ python }} {{ lab }}/verify.py "$@"

# simulate the decision rule and the level of every interval and test, beside the table they were promised by: about 4 minutes
bench-decision *ARGS: _env
    @{{ python }} -m bench.decision "$@"

# judge synthetic logs of 10,000 to 10,000,000 lines, and time pandas beside it: about 10 minutes, 10 GB in TMPDIR
bench-judge *ARGS: _bench-env
    @.venv-bench/bin/python -m bench.judge "$@"

# measure what a shadow that misbehaves costs A's clients, and nginx's mirror beside it: about 13 minutes
bench-isolation *ARGS: _env
    @{{ python }} -m bench.isolation "$@"

# tests that need Debian's chromium and prometheus, and schemathesis: pages in a browser, queries and alerts, the API
test-system *ARGS: _env _check-env
    {{ python }} -m pytest tests/system "$@"

# measure whether 3 times A's capacity is served fast and refused politely: about 4 minutes
bench-overload *ARGS: _env
    @{{ python }} -m bench.overload "$@"

# measure how soon B stops once it is switched off, and whether loading a B holds A up: about 6 minutes
bench-switch *ARGS: _env
    @{{ python }} -m bench.switching "$@"

# kill -9 server, B and parts of a server of two processes 100 times under load, and count the lines: about 7 minutes
bench-crash *ARGS: _env
    @{{ python }} -m bench.crash "$@"

# measure the CPU time that logs, spans and metrics take a request: about 15 minutes
bench-observe *ARGS: _env
    @{{ python }} -m bench.observe "$@"

# ten minutes of every fault and reloads: memory, descriptors, threads, tasks and processes must not grow
bench-soak *ARGS: _env
    @{{ python }} -m bench.soak "$@"

# change the judge's mathematics in thousands of places, one at a time, and count what the tests find: about 10 minutes
mutate *ARGS: _bench-env
    HYPOTHESIS_PROFILE=mutants nice -n 19 .venv-bench/bin/mutmut run --max-children 2 "$@"
    .venv-bench/bin/mutmut results

# render the Grafana dashboard from infra/grafana/panels.py
dashboard: _check-env
    .venv-check/bin/python infra/grafana/dashboard.py

# every query of the dashboard and every alert through Debian's prometheus, against running servers
grafana-check: _env
    {{ python }} -m pytest -v tests/system/test_grafana.py

# start Grafana, Prometheus, Tempo and Loki in containers; needs Docker with its compose plugin
[no-exit-message]
grafana *ARGS:
    @sh infra/grafana.sh "$@"
