"""The engine: runs a registered model with CTranslate2 on the CPU."""

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
from minimodel.errors import BundleRefused, ComputeTypeUnavailable, EngineClosed, SentenceTooLong
from minimodel.inference.conversion import save_engine_model
from minimodel.inference.weights import Weights, base_weights, merge
from minimodel.text.edits import apply_edits
from minimodel.text.prompt import ANSWER_ROOM, END, Prompter, max_sentence_tokens

_DEFAULT: Final = "default"


@dataclass(frozen=True)
class Correction:
    """A corrected sentence. `answer` is the edit as the model wrote it, `tokens` how many tokens it generated."""

    text: str
    edit_applied: bool
    tokens: int
    answer: str


@dataclass(frozen=True)
class _Resolved:
    """A bundle combined with its parents: complete weights, ready to convert."""

    weights: Weights
    settings: Json
    tokenizer: str
    precision: str


# Recursive: the parent of a bundle may have a parent itself (INT8 of an adapter of a base model).
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
    """Turns errors of the tokenizers library into BundleRefused. It raises bare `Exception`, no subclass."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is Exception:
            raise BundleRefused("tokenizer.json", str(error), "a valid tokenizer") from error


def _prompter(resolved: _Resolved) -> Prompter:
    with _TokenizerRefusals():
        tokenizer = Tokenizer.from_str(resolved.tokenizer)
    prompter = Prompter(tokenizer)
    if (size := len(prompter.tokens())) != resolved.settings["vocab_size"]:
        raise BundleRefused("tokens of the tokenizer", size, f"vocab_size, {resolved.settings['vocab_size']}")
    return prompter


def check_servable(models_dir: Path, bundle: Bundle) -> None:
    """Refuse a bundle that cannot be served: missing or non-finite tensors, or a tokenizer of another size.

    Parents are read from the models folder; the bundle itself may be elsewhere.
    """
    resolved = _resolve(models_dir, bundle)
    wild = [name for name, weights in resolved.weights.items() if not np.isfinite(weights).all()]
    if wild:
        raise BundleRefused("tensors with infinite values or NaN", wild[:3], "finite numbers only")
    _prompter(resolved)


class Engine:
    """One loaded model. `correct` is thread-safe."""

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
        """Load and check a bundle and its parents. `threads` is the number of batches computed in parallel.

        The default compute type is the bundle's own: float32, or the quantisation that it names.
        """
        resolved = _resolve(models_dir, load_bundle(models_dir, sha))
        asked = resolved.precision if compute_type == _DEFAULT else compute_type
        supported = ctranslate2.get_supported_compute_types("cpu")
        if asked not in supported:
            raise ComputeTypeUnavailable(asked, supported)
        prompter = _prompter(resolved)
        # The very bytes that were hashed, through a private folder: a cache on disk could be tampered with.
        with tempfile.TemporaryDirectory(prefix="lynx-engine-") as folder:
            save_engine_model(resolved.weights, resolved.settings, prompter.tokens(), Path(folder))
            # One thread per sentence: at this model size, two are 17 times slower than one.
            generator = ctranslate2.Generator(
                folder, device="cpu", compute_type=asked, inter_threads=threads, intra_threads=1
            )
        return cls(sha, generator, prompter, int(resolved.settings["n_positions"]))

    def count_tokens(self, sentence: str) -> int:
        """Return the number of tokens of a sentence."""
        return len(self._prompter.sentence_ids(sentence))

    def _prompt(self, sentence: str) -> list[str]:
        ids = self._prompter.prompt_ids(sentence)
        # The prompt has one control token at each end.
        if (count := len(ids) - 2) > self.max_sentence_tokens:
            raise SentenceTooLong(count, self.max_sentence_tokens)
        return [self._tokens[i] for i in ids]

    def correct(self, sentences: Sequence[str]) -> list[Correction]:
        """Correct sentences as one batch, with greedy decoding, and return them in the same order."""
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
        """Free the model. Calling it again does nothing."""
        self._generator = None
