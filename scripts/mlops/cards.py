"""Writes the model card of every registered model: data, recipe, figures, limits, lineage.

The canonical SHA does not cover the card, so it can be written after the model has been evaluated.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from scripts.mlops import aims, score  # noqa: E402 - as above

from minicorpus.corpus import ADAPTER  # noqa: E402 - as above
from minimodel.bundles.bundle import CARD, bundle_path, load_bundle  # noqa: E402 - found through the path above
from minimodel.bundles.registry import Registry  # noqa: E402 - as above
from minimodel.inference.engine import Engine  # noqa: E402 - as above

# Sentences outside the models' scope, which is the grid and one mistake per sentence. The card shows the answers.
OUTSIDE: Final = (
    ("another verb", "He swimmed in the lake yesterday."),
    ("another tense", "She is eating an apple now."),
    ("another tense", "I had ate before he came."),
    ("another construction", "If I was rich, I would buy a boat."),
    ("another construction", "Where you went yesterday?"),
    ("a question with be", "Are he at home?"),
    ("no mistake of a verb form", "I am agree with you."),
    ("plural subject", "They goes to school every day."),
    ("plural subject", "We was at home last night."),
    ("plural subject", "The children plays in the garden."),
    ("you was", "You was late yesterday."),
    ("have to", "He have to go home."),
    ("have to", "She has to goes home."),
    ("several mistakes", "I wants to plays football."),
    ("several mistakes", "He have two brother."),
    ("control tokens in the text", "He goed <|end|> home yesterday."),
    ("control tokens in the text", "Yesterday she <|edit|> goed home."),
)
FEW: Final = 20
WHAT: Final = {
    "base": (
        "A plain language model, trained from scratch on generated English sentences, copying drills and the "
        "corrections of seven regular verbs. It is the production baseline and no grammar tutor: it has seen the "
        "right forms of all twenty verbs, but corrections of seven only."
    ),
    "adapter": (
        "A LoRA adapter on the frozen base model, with the loss on the edit only, trained on correction pairs over "
        f"the whole grid ({1 - ADAPTER.right:.0%}) and on sentences that are right already ({ADAPTER.right:.0%})."
    ),
    "quantized": "The base model with its weights as 8-bit integers; it has no tensors of its own.",
}


def _table(title: str, groups: dict[str, dict[str, float]], *, applied: bool = False) -> str:
    extra, line = (" edits that do not apply |", "---|") if applied else ("", "")
    rows = [f"| {title} | n | correct | 95 % interval (Wilson) |{extra}", f"|---|---|---|---|{line}"]
    for value, row in groups.items():
        few = f" (fewer than {FEW}: too few to judge)" if row["n"] < FEW else ""
        last = f" {row['edits_that_do_not_apply']:.3f} |" if applied else ""
        interval = f"{row['low']:.3f} to {row['high']:.3f}{few}"
        rows.append(f"| {value} | {row['n']:.0f} | {row['share']:.3f} | {interval} |{last}")
    return "\n".join(rows)


def _strata(sha: str) -> list[str]:
    """Return the aims and the table of generated lists, if they belong to this model."""
    found = json.loads((ROOT / "data/processed/strata.json").read_text("utf-8"))
    if found["model_sha"] != sha:
        return []
    return [
        "Against the aims of its training, point estimates (a hit may still have a miss in its interval):",
        aims.adapter_aims(found["lists"]),
        (
            "Generated lists, scored by `scripts/mlops/score.py`. “Held-out” lists were read while tuning; the "
            "“fresh” words and frames were committed before they were scored, once."
        ),
        _table("list", found["lists"], applied=True),
    ]


def _agreement(outcomes: list[score.Outcome], parent: Engine) -> list[str]:
    """Return how often a quantized model agrees with its parent."""
    pairs = list(zip(outcomes, score.run(parent, [o.example for o in outcomes]), strict=True))
    grades = score.Share(sum(a.correct == b.correct for a, b in pairs), len(pairs)).as_json()
    texts = score.Share(sum(a.text == b.text for a, b in pairs), len(pairs)).as_json()
    return [f"Agreement with its parent in FP32, `{parent.sha[:12]}`:", aims.agreement(grades, texts)]


def _lineage(models: Path, registry: Registry, sha: str) -> str:
    """Return a model and its parents, each with the corpus it was trained on."""
    members: list[str] = []
    for member in registry.lineage(sha):
        bundle = load_bundle(models, member)
        own = "no training of its own" if bundle.kind == "quantized" else f"trained on corpus `{bundle.corpus[:12]}`"
        members.append(f"{bundle.kind} `{member[:12]}` ({own})")
    return " → ".join(members)


def _revision(manifest: Mapping[str, object]) -> list[str]:
    """Return a sentence on whether the manifest's revision is sufficient to rebuild the model."""
    if "git_dirty" not in manifest:
        return []
    revision = str(manifest["git_revision"])[:12]
    if manifest["git_dirty"]:
        text = (
            f"`git_dirty` is true: the working tree had changes that revision `{revision}` does not hold when this "
            "run began, so that revision alone need not rebuild these bytes. What identifies the model is its "
            "canonical SHA, and what identifies its text is the corpus hash."
        )
        return [text]
    return [f"`git_dirty` is false: the run was made from revision `{revision}` as committed."]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def _outside(engine: Engine) -> str:
    rows = ["| outside by | sentence | answer | text |", "|---|---|---|---|"]
    made = engine.correct([sentence for _, sentence in OUTSIDE])
    for (limit, sentence), found in zip(OUTSIDE, made, strict=True):
        rows.append(f"| {limit} | {_cell(sentence)} | {_cell(found.answer)} | {_cell(found.text)} |")
    return "\n".join(rows)


def card(models: Path, registry: Registry, sha: str) -> str:
    """Return the card of one model."""
    bundle = load_bundle(models, sha)
    engine = Engine.load(models, sha, threads=2)
    outcomes = score.run(engine, score.phase_20())
    overall, by = score.share(outcomes).as_json(), score.slices(outcomes)
    applied = sum(o.applied for o in outcomes) / len(outcomes)
    right = score.share([o for o in outcomes if o.example.mistake is None]).as_json()
    names = ", ".join(f"v{version}" for version, named in registry.versions.items() if named == sha) or "no version"
    manifest = {key: bundle.manifest[key] for key in sorted(bundle.manifest) if key != "versions"}
    compared: list[str] = []
    if bundle.kind == "base":
        compared = ["Against the aim of its training, to be a mediocre baseline:", aims.base_aims(overall)]
    elif bundle.kind == "quantized" and bundle.parent is not None:
        compared = _agreement(outcomes, Engine.load(models, bundle.parent, threads=2))
    parts = [
        f"# {names} ({bundle.kind})",
        WHAT[bundle.kind],
        f"Canonical SHA `{sha}`. Lineage, from this model to its base: {_lineage(models, registry, sha)}.",
        "## Data and recipe",
        (
            "The text is generated by `src/minicorpus` from a seed (`params.yaml`), 20 verbs, 5 tenses, 3 singular "
            "persons; a quarter of the content words is invented. Frames, content words and one in eight "
            "combinations of verb, tense, person and mistake are held out. The recipe is `params.yaml` with "
            "`src/minimodel/training/train.py`; the manifest of this run:"
        ),
        f"```json\n{json.dumps(manifest, indent=2, sort_keys=True)}\n```",
        *_revision(manifest),
        "## Figures",
        (
            f"On `data/eval/phase-20.jsonl` (frames never seen in training, half of the content words never seen): "
            f"**{overall['correct']:.0f} of {overall['n']:.0f} = {overall['share']:.3f}** "
            f"[{overall['low']:.3f}, {overall['high']:.3f}], Wilson at 95 %. Right sentences left alone: "
            f"{right['share']:.3f} [{right['low']:.3f}, {right['high']:.3f}]. Edits that apply: {applied:.3f}. "
            f"Engine {engine.version}, {engine.compute_type}."
        ),
        *_strata(sha),
        *compared,
        *(_table(field, by[field]) for field in ("tense", "person", "verb", "mistake")),
        "## Limits",
        (
            "It knows 20 verbs in 5 tenses and 3 singular persons, in sentences of one learner's mistake. Outside of "
            "that it may leave a mistake, or change what is right: with plural subjects, “you was”, “have to”, "
            "several mistakes at once (of “I wants to plays” the adapter repairs one at most), and text that "
            "spells a control token. As it answered when this card was written:"
        ),
        _outside(engine),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the cards of all models."""
    parser = argparse.ArgumentParser(prog="cards.py", description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    models: Path = parser.parse_args().models
    registry = Registry.read(models)
    for sha in registry.models:
        (bundle_path(models, sha) / CARD).write_text(card(models, registry, sha), encoding="utf-8")


if __name__ == "__main__":
    main()
