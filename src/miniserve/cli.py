"""`lynx-ab COMMAND`: one command for the server, its switches and the judge.

Each command's own module reads its arguments and returns its exit code. A module is imported when its command runs, so
that `lynx-ab --help` loads neither the server nor the judge. This is the only module that imports both.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from miniserve.processes.stopping import StopRequest

PROGRAM = "lynx-ab"


@dataclass(frozen=True)
class _Command:
    """One command: what it does, and the function that runs it with the arguments after its name."""

    summary: str
    run: Callable[[str, Sequence[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; returns its exit code, 2 for wrong usage."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments and arguments[0] in COMMANDS:
        name, *rest = arguments
        try:
            return COMMANDS[name].run(name, rest)
        except KeyboardInterrupt:
            # Commands handle Ctrl-C themselves; this is one that came during their imports.
            print(f"{PROGRAM} {name}: stopped by Ctrl-C", file=sys.stderr)
            return 130
    parser = argparse.ArgumentParser(prog=PROGRAM, description="May model B replace model A? Serve, shadow, judge.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.summary)
    parser.parse_args(arguments)  # prints the help, or the error of an unknown command, and exits
    return 2


def _serve(name: str, arguments: Sequence[str]) -> int:
    # Before the imports: they take half a second, and SIGTERM would kill the process during that time.
    stop = StopRequest()
    from miniserve.command import main as serve

    return serve(arguments, stop=stop, program=f"{PROGRAM} {name}")


def _judge(_: str, arguments: Sequence[str]) -> int:
    from minieval.command import judge_main

    return judge_main(arguments)


def _switch(name: str, arguments: Sequence[str]) -> int:
    from miniserve.routes.switch import main as switch

    # The module's own command is `show`, which would say too little next to `serve` and `judge`.
    return switch(["show" if name == "route" else name, *arguments], program=PROGRAM)


def _key_new(name: str, arguments: Sequence[str]) -> int:
    from miniserve.http.key_new import main as key_new

    return key_new(arguments, program=f"{PROGRAM} {name}")


def _audit(name: str, arguments: Sequence[str]) -> int:
    from miniserve.log.audit import main as audit

    return audit(arguments, program=f"{PROGRAM} {name}")


COMMANDS = {
    "serve": _Command("start the server, configured by LYNX_ variables and route_config.json", _serve),
    "judge": _Command("judge a traffic log: promote, hold or retrain", _judge),
    "shadow-on": _Command("serve A, run B in its shadow", _switch),
    "shadow-off": _Command("back to the production arm alone", _switch),
    "ab-on": _Command("split between A and B, half and half", _switch),
    "canary-on": _Command("serve a percentage of the ids with B", _switch),
    "serve-only": _Command("serve one model alone, any of the registry", _switch),
    "route": _Command("show the route configuration", _switch),
    "key-new": _Command("make an API key and append its hash to a file", _key_new),
    "audit": _Command("check that a traffic log accounts for every id that was sent", _audit),
}


if __name__ == "__main__":
    sys.exit(main())
