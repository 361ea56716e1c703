"""Writes the data files of dvc.yaml: `python -m minicorpus table|corpus|evalset`."""

import argparse
import json
from pathlib import Path

from minicorpus import evalset, grid
from minicorpus.corpus import ADAPTER, BASE, digest, documents, text_seed
from minicorpus.coverage import coverage


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _corpus_report(seed: int, base: int, adapter: int) -> dict[str, object]:
    """Return hash and coverage of both runs' text. The text itself is generated again wherever it is needed."""
    out: dict[str, object] = {}
    for name, mix, count in (("base", BASE, base), ("adapter", ADAPTER, adapter)):
        made = list(documents(text_seed(seed, name), count, mix))
        out[name] = {"sha256": digest(made), "documents": count, "coverage": coverage(made).as_json()}
    return out


def main() -> None:
    """Write the file that the command names."""
    parser = argparse.ArgumentParser(prog="python -m minicorpus", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("table", "corpus", "evalset"):
        command = commands.add_parser(name)
        command.add_argument("--out", type=Path, required=True)
        if name != "table":
            command.add_argument("--seed", type=int, required=True)
        if name == "corpus":
            command.add_argument("--base", type=int, required=True, help="documents of the base run")
            command.add_argument("--adapter", type=int, required=True, help="documents of the adapter run")
    arguments = parser.parse_args()
    if arguments.command == "table":
        _write(arguments.out, _json(grid.canonical_table()))
    elif arguments.command == "corpus":
        _write(arguments.out, _json(_corpus_report(arguments.seed, arguments.base, arguments.adapter)))
    else:
        _write(arguments.out, evalset.render(evalset.items(arguments.seed)))


if __name__ == "__main__":
    main()
