"""The engine: a registered model, run by CTranslate2 on the CPU."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ctranslate2
import numpy as np
from tokenizers import Tokenizer

from minimodel.bundles.bundle import Bundle, load_bundle
from minimodel.bundles.canonical import Json
from minimodel.bundles.weights import Weights, base_weights, merge
from minimodel.errors import BundleRefused, ComputeTypeUnavailable, EngineClosed, SentenceTooLong
from minimodel.inference.conversion import save_engine_model
from minimodel.inference.edits import apply_edits
from minimodel.inference.prompt import ANSWER_ROOM, END, Prompter, max_sentence_tokens

_DEFAULT: Final = "default"


@dataclass(frozen=True)
class Correction:
    """A sentence after the model's edit; `tokens` were generated, `answer` is the edit as the model wrote it."""

    text: str
    edit_applied: bool
    tokens: int
    answer: str


@dataclass(frozen=True)
class _Resolved:
    """A bundle with its parents' bytes worked in."""

    weights: Weights
    settings: Json
    tokenizer: str
    precision: str


def _resolve(models_dir: Path, bundle: Bundle) -> _Resolved:
    if bundle.parent is None:
        return _Resolved(base_weights(bundle), bundle.settings, bundle.tokenizer, "float32")
    parent = load_bundle(models_dir, bundle.parent)
    below = _resolve(models_dir, parent)
    if bundle.tokenizer != below.tokenizer:
        raise BundleRefused("tokenizer", bundle.sha, f"the tokenizer of its parent {parent.sha}")
    if bundle.quantization is not None:
        return _Resolved(below.weights, below.settings, below.tokenizer, bundle.quantization)
    return _Resolved(merge(below.weights, bundle), below.settings, below.tokenizer, below.precision)


class _TokenizerRefusals:
    """Turns what the tokenizer library raises, `Exception` itself and nothing more special, into BundleRefused."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is Exception:
            raise BundleRefused("tokenizer.json", str(error), "a tokenizer") from error


def _prompter(resolved: _Resolved) -> Prompter:
    with _TokenizerRefusals():
        tokenizer = Tokenizer.from_str(resolved.tokenizer)
    prompter = Prompter(tokenizer)
    if (size := len(prompter.tokens())) != resolved.settings["vocab_size"]:
        raise BundleRefused("tokens of the tokenizer", size, f"vocab_size, {resolved.settings['vocab_size']}")
    return prompter


def check_servable(models_dir: Path, bundle: Bundle) -> None:
    """Refuse a bundle that could not be served: tensors missing or not finite, or a tokenizer that does not fit.

    Parents are read from the models folder; the bundle itself may lie elsewhere.
    """
    resolved = _resolve(models_dir, bundle)
    wild = [name for name, weights in resolved.weights.items() if not np.isfinite(weights).all()]
    if wild:
        raise BundleRefused("tensors with infinite values or NaN", wild[:3], "finite numbers only")
    _prompter(resolved)


class Engine:
    """One loaded model; `correct` may be called from several threads at once."""

    def __init__(self, sha: str, generator: ctranslate2.Generator, prompter: Prompter, positions: int) -> None:
        self.sha = sha
        self.compute_type = str(generator.compute_type)
        self.version = f"ctranslate2 {ctranslate2.__version__}"
        self.max_sentence_tokens = max_sentence_tokens(positions)
        self._generator: ctranslate2.Generator | None = generator
        self._prompter = prompter
        self._tokens = prompter.tokens()

    @classmethod
    def load(cls, models_dir: Path, sha: str, *, compute_type: str = _DEFAULT, threads: int = 1) -> "Engine":
        """Load a bundle by its SHA, checked, with its parents; `threads` sentences run side by side.

        The default compute type is the bundle's own: float32, or what a quantized bundle names.
        """
        resolved = _resolve(models_dir, load_bundle(models_dir, sha))
        asked = resolved.precision if compute_type == _DEFAULT else compute_type
        supported = ctranslate2.get_supported_compute_types("cpu")
        if asked not in supported:
            raise ComputeTypeUnavailable(asked, supported)
        prompter = _prompter(resolved)
        with tempfile.TemporaryDirectory(prefix="lynx-engine-") as folder:
            save_engine_model(resolved.weights, resolved.settings, prompter.tokens(), Path(folder))
            # More than one thread within a sentence is many times slower at this size of model.
            generator = ctranslate2.Generator(
                folder, device="cpu", compute_type=asked, inter_threads=threads, intra_threads=1
            )
        return cls(sha, generator, prompter, int(resolved.settings["n_positions"]))

    def count_tokens(self, sentence: str) -> int:
        """Return how many tokens a sentence has."""
        return len(self._prompter.sentence_ids(sentence))

    def _prompt(self, sentence: str) -> list[str]:
        ids = self._prompter.prompt_ids(sentence)
        if (count := len(ids) - 2) > self.max_sentence_tokens:
            raise SentenceTooLong(count, self.max_sentence_tokens)
        return [self._tokens[i] for i in ids]

    def correct(self, sentences: Sequence[str]) -> list[Correction]:
        """Correct sentences greedily, as one batch, in their order."""
        if self._generator is None:
            raise EngineClosed(self.sha)
        prompts = [self._prompt(sentence) for sentence in sentences]
        results = self._generator.generate_batch(
            prompts, max_length=ANSWER_ROOM, end_token=END, sampling_topk=1, include_prompt_in_result=False
        )
        return [self._correction(s, r.sequences_ids[0]) for s, r in zip(sentences, results, strict=True)]

    def _correction(self, sentence: str, ids: list[int]) -> Correction:
        answer = self._prompter.answer_text(ids)
        applied = apply_edits(sentence, answer)
        return Correction(applied.text, applied.applied, len(ids), answer)

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._generator = None
