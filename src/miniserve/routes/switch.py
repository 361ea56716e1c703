"""`python -m miniserve.routes.switch`: shows and rewrites route_config.json; used by the recipes of the Justfile.

A running server adopts the file within a fraction of a second; a server that starts later reads it at start-up.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from minimodel.bundles.registry import Registry
from minimodel.errors import ModelError
from miniserve.errors import ServeError
from miniserve.routes.route_file import RouteFile, production_only
from miniserve.routes.shadow_wait import ShadowNotUp, wait_for_shadow
from miniserve.settings import Settings
from miniserve.traffic import DEFAULT_SALT, RouteConfig, RouteConfigError, Strategy

PROGRAM = "python -m miniserve.routes.switch"
# From the options, the file's configuration (None if unusable) and the models to the configuration to write.
_Switch = Callable[[argparse.Namespace, RouteConfig | None, Registry], RouteConfig]


def two_arms(
    strategy: Strategy,
    a_sha: str,
    b_sha: str,
    salt: str,
    *,
    canary_percent: float = 0,
    shadow_percent: float = 100,
) -> RouteConfig:
    """Return the configuration with A in production and B as the second arm; raises RouteConfigError."""
    return RouteConfig(
        strategy,
        salt,
        {"A": a_sha, "B": b_sha},
        "A",
        "B",
        shadow_percent=shadow_percent,
        canary_percent=canary_percent,
    )


def main(argv: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Run one command. Returns 0; 2 with one line on stderr; 1 if the shadow does not come up; 130 after Ctrl-C."""
    options = _parser(program).parse_args(argv)
    try:
        settings = Settings.from_environ(os.environ)
        file = RouteFile(settings.route_config)
        registry = Registry.read(settings.models_dir)
        if options.switch is None:
            return _show(file.read(), registry, settings)
        config = options.switch(options, _usable(file), registry)
        file.write(config)
        # Printed before the wait, so that a script has the configuration even if the wait is interrupted.
        _print(config)
        if config.shadowing_arm and options.wait:
            wait_for_shadow(settings, config.config_sha)
    except ShadowNotUp as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{options.command}: stopped waiting; the configuration is written", file=sys.stderr)
        return 130
    except (ServeError, ModelError, RouteConfigError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, switch: _Switch | None, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(switch=switch, wait=False)
        return command

    shadow = add("shadow-on", _shadow_on, "serve A, run B in its shadow, wait until B has loaded")
    _take_arms(shadow)
    shadow.add_argument("--percent", type=float, default=100, help="share of the ids to shadow")
    shadow.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait until B has loaded")
    shadow.set_defaults(wait=True)
    _take_arms(add("ab-on", _ab_on, "split between A and B, half and half"))
    canary = add("canary-on", _canary_on, "serve PERCENT of the ids with B")
    _take_arms(canary)
    canary.add_argument("percent", type=float, metavar="PERCENT")
    only = add("serve-only", _serve_only, "serve one model alone, any of the registry")
    only.add_argument("model", metavar="VERSION", help="version, SHA, or unique prefix of a SHA")
    add("shadow-off", _shadow_off, "back to the production arm alone")
    add("show", None, "print the configuration in the file")
    return parser


def _take_arms(command: argparse.ArgumentParser) -> None:
    command.add_argument("a", metavar="A_SHA", help="SHA, unique prefix or version of A")
    command.add_argument("b", metavar="B_SHA", help="SHA, unique prefix or version of B")
    command.add_argument("--salt", help="begin a new salt epoch")


def _shadow_on(options: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    a_sha, b_sha = registry.resolve(options.a), registry.resolve(options.b)
    return two_arms(Strategy.SHADOW, a_sha, b_sha, _salt(options.salt, present), shadow_percent=options.percent)


def _ab_on(options: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    return two_arms(Strategy.AB, registry.resolve(options.a), registry.resolve(options.b), _salt(options.salt, present))


def _canary_on(options: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    a_sha, b_sha = registry.resolve(options.a), registry.resolve(options.b)
    return two_arms(Strategy.CANARY, a_sha, b_sha, _salt(options.salt, present), canary_percent=options.percent)


def _serve_only(options: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    return RouteConfig(Strategy.SINGLE, _salt(None, present), {"A": registry.resolve(options.model)}, "A")


def _shadow_off(_: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    return replace(present, strategy=Strategy.SINGLE) if present else production_only(registry.production)


def _salt(asked: str | None, present: RouteConfig | None) -> str:
    """Return the salt to write; without an explicit one the salt stays, so that ids keep their arms."""
    if asked is not None:
        return asked
    return present.salt if present else DEFAULT_SALT


def _show(config: RouteConfig | None, registry: Registry, settings: Settings) -> int:
    if config is None:
        print(f"{settings.route_config} does not exist; a server without it runs:", file=sys.stderr)
    _print(config or production_only(registry.production))
    return 0


def _print(config: RouteConfig) -> None:
    print(json.dumps({**config.as_json(), "config_sha": config.config_sha}, indent=1, ensure_ascii=False), flush=True)


def _usable(file: RouteFile) -> RouteConfig | None:
    """Return the file's configuration, or None if it is unusable: switching the shadow off must work anyway."""
    try:
        return file.read()
    except ServeError as error:
        print(f"{error}; the file will be replaced", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
