"""`python -m miniserve.routes.switch`: shows and rewrites route_config.json, behind the recipes of the Justfile.

A running server follows the file within a fraction of a second; one that starts later reads it then.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from minimodel.bundles.registry import Registry
from minimodel.errors import ModelError
from miniserve.errors import ServeError
from miniserve.routes.route_file import RouteFile, production_only
from miniserve.settings import Settings
from miniserve.traffic import DEFAULT_SALT, RouteConfig, RouteConfigError, Strategy


def two_arms(
    strategy: Strategy,
    a_sha: str,
    b_sha: str,
    salt: str,
    *,
    canary_percent: float = 0,
    shadow_percent: float = 100,
) -> RouteConfig:
    """Return the configuration of A in production and B beside it; raises RouteConfigError on an unusable part."""
    return RouteConfig(
        strategy,
        salt,
        {"A": a_sha, "B": b_sha},
        "A",
        "B",
        shadow_percent=shadow_percent,
        canary_percent=canary_percent,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m miniserve.routes.switch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("shadow-on", "serve A, run B unseen"),
        ("ab-on", "split between A and B, half and half"),
        ("canary-on", "serve PERCENT of the ids with B"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("a", metavar="A_SHA", help="SHA, unique prefix or semver of A")
        command.add_argument("b", metavar="B_SHA", help="SHA, unique prefix or semver of B")
        if name == "canary-on":
            command.add_argument("percent", type=float, metavar="PERCENT")
        if name == "shadow-on":
            command.add_argument("--percent", type=float, default=100, help="share of the ids to shadow")
        command.add_argument("--salt", help="begin a new salt epoch")
    commands.add_parser("shadow-off", help="back to the production arm alone")
    commands.add_parser("show", help="print the configuration in the file")
    return parser


def _switched(options: argparse.Namespace, present: RouteConfig | None, registry: Registry) -> RouteConfig:
    salt = getattr(options, "salt", None)
    if salt is None:
        salt = present.salt if present else DEFAULT_SALT
    match options.command:
        case "shadow-off" if present is not None:
            return replace(present, strategy=Strategy.SINGLE)
        case "shadow-off":
            return production_only(registry.production)
    a_sha, b_sha = registry.resolve(options.a), registry.resolve(options.b)
    match options.command:
        case "shadow-on":
            return two_arms(Strategy.SHADOW, a_sha, b_sha, salt, shadow_percent=options.percent)
        case "ab-on":
            return two_arms(Strategy.AB, a_sha, b_sha, salt)
        case _:
            return two_arms(Strategy.CANARY, a_sha, b_sha, salt, canary_percent=options.percent)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, or 2 with a sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings.from_environ(os.environ)
        file = RouteFile(settings.route_config)
        registry = Registry.read(settings.models_dir)
        # A file that cannot be read must not stop anybody from switching the shadow off.
        config = file.read() if options.command == "show" else _switched(options, _readable(file), registry)
        if options.command != "show" and config is not None:
            file.write(config)
    except (ServeError, ModelError, RouteConfigError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    if config is None:
        config = production_only(registry.production)
        print(f"{settings.route_config} does not exist; a server without it runs:", file=sys.stderr)
    print(json.dumps({**config.as_json(), "config_sha": config.config_sha}, indent=1, ensure_ascii=False))
    return 0


def _readable(file: RouteFile) -> RouteConfig | None:
    try:
        return file.read()
    except ServeError as error:
        print(f"{error}; it is replaced", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
