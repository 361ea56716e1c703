"""Writes torch's answers to tests/golden, so that tests without torch can compare the engine with them.

Runs in the training environment: `.venv-train/bin/python scripts/mlops/reference.py`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import peft
import torch
import transformers
from tokenizers import Tokenizer

from minimodel.bundles.registry import Registry
from minimodel.text.prompt import ANSWER_ROOM, Prompter

ROOT: Final = Path(__file__).resolve().parents[2]
OUT: Final = ROOT / "tests/golden/reference_answers.jsonl"
COUNT: Final = 520
_Item = TypeVar("_Item")


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """Return `count` items at even distances, because neighbours are similar, or all items if there are fewer."""
    chosen = min(count, len(items))
    return [items[i * len(items) // chosen] for i in range(chosen)]


def greedy(model: torch.nn.Module, prompter: Prompter, sentence: str) -> str:
    """Return the greedy answer, without a key-value cache: slow, but simple enough to trust."""
    ids = prompter.prompt_ids(sentence)
    made: list[int] = []
    with torch.no_grad():
        while len(made) < ANSWER_ROOM:
            # (1, length, vocabulary); the last position predicts the next token.
            logits = model(input_ids=torch.tensor([ids + made])).logits
            token = int(logits[0, -1].argmax())
            if token == prompter.end_id:
                break
            made.append(token)
    return prompter.answer_text(made)


def load(models: Path, sha: str, parent: str | None) -> torch.nn.Module:
    """Load a bundle from disk with transformers and PEFT, without any code of ours."""
    base = transformers.GPT2LMHeadModel.from_pretrained(models / (parent or sha))
    return base.eval() if parent is None else peft.PeftModel.from_pretrained(base, str(models / sha)).eval()


def main() -> None:
    """Write the answers of v0.1.0 and v0.3.0 to a spread of evaluation sentences."""
    torch.set_num_threads(2)
    models = ROOT / "models"
    registry = Registry.read(models)
    shas = {name: registry.resolve(version) for name, version in (("A", "v0.1.0"), ("B", "v0.3.0"))}
    prompter = Prompter(Tokenizer.from_file(str(models / shas["A"] / "tokenizer.json")))
    loaded = {name: load(models, sha, registry.models[sha].parent) for name, sha in shas.items()}
    items = [json.loads(line) for line in (ROOT / "data/eval/phase-20.jsonl").read_text("utf-8").splitlines()]
    rows: list[dict[str, str]] = [{"model": name, "sha": sha} for name, sha in shas.items()]
    for item in spread(items, COUNT):
        row = {"sentence": item["sentence"]}
        rows.append(row | {name: greedy(model, prompter, row["sentence"]) for name, model in loaded.items()})
    OUT.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
