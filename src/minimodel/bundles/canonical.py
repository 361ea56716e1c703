"""The canonical SHA of a bundle: a hash of everything that determines its answers, and of nothing else.

Settings are whitelisted: keys that have no effect are left out, known keys are checked, and unknown keys that are
switched on are refused. Two bundles with one SHA therefore compute the same function.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from minimodel.errors import BundleRefused

Json = Mapping[str, Any]
Tensors = Mapping[str, NDArray[np.generic]]
# Upper bound of any size in an architecture. A larger one would exhaust memory before the tensors are compared.
_LARGEST: Final = 65_536
KINDS: Final = ("base", "adapter", "quantized")
# Hashed as little-endian, so that the SHA does not depend on the machine.
_DTYPES: Final = {"float32": "<f4", "float16": "<f2", "int8": "|i1"}

# Keys of config.json that affect the computation, each with the only supported value, or _ANY.
_ANY: Final = object()
_ARCHITECTURE: Final[dict[str, object]] = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "add_cross_attention": False,
    "layer_norm_epsilon": 1e-5,
    "n_ctx": _ANY,
    "n_embd": _ANY,
    "n_head": _ANY,
    "n_inner": None,
    "n_layer": _ANY,
    "n_positions": _ANY,
    "reorder_and_upcast_attn": False,
    "scale_attn_by_inverse_layer_idx": False,
    "scale_attn_weights": True,
    "tie_word_embeddings": True,
    "vocab_size": _ANY,
}
_REQUIRED: Final = ("model_type", "n_embd", "n_head", "n_layer", "n_positions", "vocab_size")
# Keys without effect on the greedy answer of a trained model: training, sampling, provenance.
_IRRELEVANT: Final = frozenset(
    [
        "architectures",
        "attn_pdrop",
        "bos_token_id",
        "dtype",
        "embd_pdrop",
        "eos_token_id",
        "initializer_range",
        "pad_token_id",
        "resid_pdrop",
        "summary_activation",
        "summary_first_dropout",
        "summary_proj_to_labels",
        "summary_type",
        "summary_use_proj",
        "torch_dtype",
        "transformers_version",
        "use_cache",
        "_name_or_path",
    ]
)
# The same for adapter_config.json. The merge in inference/weights.py implements plain LoRA only.
_ADAPTER: Final[dict[str, object]] = {
    "peft_type": "LORA",
    "r": _ANY,
    "lora_alpha": _ANY,
    "target_modules": _ANY,
    "fan_in_fan_out": True,
    "bias": "none",
    "use_dora": False,
    "use_rslora": False,
    "lora_bias": False,
    "alpha_pattern": {},
    "rank_pattern": {},
    "modules_to_save": None,
    "layers_to_transform": None,
    "layers_pattern": None,
    "layer_replication": None,
    "exclude_modules": None,
    "trainable_token_indices": None,
    "target_parameters": None,
}
_ADAPTER_REQUIRED: Final = ("peft_type", "r", "lora_alpha", "target_modules")
_ADAPTER_IRRELEVANT: Final = frozenset(
    [
        "auto_mapping",
        "base_model_name_or_path",
        "inference_mode",
        "init_lora_weights",
        "lora_dropout",
        "megatron_core",
        "qalora_group_size",
        "peft_version",
        "revision",
        "task_type",
    ]
)


def _checked(name: str, key: str, value: object) -> object:
    """Return a value after checking its type. A list of modules is sorted, because its order has no effect."""
    if key == "target_modules":
        if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise BundleRefused(name, value, "a module name or a list of module names")
        return sorted(value) if isinstance(value, list) else value
    if key == "lora_alpha":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BundleRefused(name, value, "a finite number")
    elif isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST:
        raise BundleRefused(name, value, f"a whole number from 1 to {_LARGEST}")
    return value


def _whitelisted(
    file: str, found: Json, known: Mapping[str, object], required: tuple[str, ...], irrelevant: frozenset[str]
) -> dict[str, object]:
    """Return the keys that affect the computation. Refuses unsupported values and unknown keys that are set."""
    missing = [key for key in required if key not in found]
    if missing:
        raise BundleRefused(file, missing, "these keys, which are missing, to be present")
    out: dict[str, object] = {}
    for key, value in found.items():
        if key in irrelevant:
            continue
        if key not in known:
            # Every release of a library adds options, switched off by default. Off means no effect.
            if value is None or value is False or value in ({}, []):
                continue
            raise BundleRefused(f"{file} key {key}", value, "a key whose effect is known")
        if known[key] is not _ANY and value != known[key]:
            raise BundleRefused(f"{file} key {key}", value, repr(known[key]))
        out[key] = _checked(f"{file} key {key}", key, value) if known[key] is _ANY else value
    return {key: out.get(key, known[key]) for key in known if key in out or known[key] is not _ANY}


def architecture(config: Json) -> dict[str, object]:
    """Return the part of config.json that affects the computation. Refuses anything unknown."""
    found = _whitelisted("config.json", config, _ARCHITECTURE, _REQUIRED, _IRRELEVANT)
    if int(str(found["n_embd"])) % int(str(found["n_head"])):
        raise BundleRefused("config.json key n_embd", found["n_embd"], f"a multiple of n_head, {found['n_head']}")
    return found


def adapter_settings(config: Json) -> dict[str, object]:
    """Return the part of adapter_config.json that affects the computation. Refuses anything unknown."""
    return _whitelisted("adapter_config.json", config, _ADAPTER, _ADAPTER_REQUIRED, _ADAPTER_IRRELEVANT)


def canonical_json(value: object) -> bytes:
    """Render JSON in the form that is hashed. Refuses NaN, infinities, lone surrogates and excessive nesting."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BundleRefused("JSON", str(error), "finite numbers and valid text") from error


def canonical_sha(
    kind: str,
    settings: Json,
    tensors: Tensors,
    tokenizer: Json,
    *,
    parent: str = "",
    corpus: str = "",
    quantization: str = "",
) -> str:
    """Return the SHA-256 over everything that determines a bundle's answers.

    `settings` are whitelisted settings (see `architecture`), `tokenizer` the parsed tokenizer.json.
    """
    if kind not in KINDS:
        raise BundleRefused("kind", kind, f"one of {', '.join(KINDS)}")
    sha = hashlib.sha256()

    # A length before each field: without it, moving bytes from one field to the next would keep the hash.
    def feed(field: bytes) -> None:
        sha.update(len(field).to_bytes(8, "big"))
        sha.update(field)

    feed(b"bundle-v1")
    feed(kind.encode())
    feed(canonical_json(settings))
    for name in sorted(tensors):
        tensor = tensors[name]
        dtype = tensor.dtype.name
        if dtype not in _DTYPES:
            raise BundleRefused(f"dtype of {name}", dtype, f"one of {', '.join(sorted(_DTYPES))}")
        feed(name.encode())
        feed(dtype.encode())
        feed(canonical_json(list(tensor.shape)))
        feed(np.ascontiguousarray(tensor).astype(_DTYPES[dtype], copy=False).tobytes())
    for text in (canonical_json(tokenizer), parent.encode(), corpus.encode(), quantization.encode()):
        feed(text)
    return sha.hexdigest()
