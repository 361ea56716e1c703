"""Weights on their way from bundles to the engine: adapters merged, a CTranslate2 model built, with numpy only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from numpy.typing import NDArray

from minimodel.bundle import Bundle
from minimodel.canonical import Json, Tensors
from minimodel.errors import BundleRefused
from minimodel.prompt import END

Weights = Mapping[str, NDArray[np.float32]]
_LINEAR: Final = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
_NORMS: Final = ("ln_1", "ln_2")
_PREFIX: Final = "base_model.model."


def expected_shapes(settings: Json) -> dict[str, tuple[int, ...]]:
    """Return the tensors a base model has, by the Hugging Face names of GPT-2."""
    width = int(settings["n_embd"])
    out: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (int(settings["vocab_size"]), width),
        "transformer.wpe.weight": (int(settings["n_positions"]), width),
        "transformer.ln_f.weight": (width,),
        "transformer.ln_f.bias": (width,),
    }
    # Linear layers are stored as (in, out).
    shapes = ((width, 3 * width), (width, width), (width, 4 * width), (4 * width, width))
    for layer in range(int(settings["n_layer"])):
        at = f"transformer.h.{layer}."
        for name, shape in zip(_LINEAR, shapes, strict=True):
            out |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[1:]}
        for name in _NORMS:
            out |= {f"{at}{name}.weight": (width,), f"{at}{name}.bias": (width,)}
    return out


def base_weights(bundle: Bundle) -> Weights:
    """Return a base bundle's tensors, refusing any that is missing, unknown or of another shape."""
    expected = expected_shapes(bundle.settings)
    found = {name: tensor.shape for name, tensor in bundle.tensors.items()}
    wrong = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
    if wrong:
        raise BundleRefused("tensors", {n: found.get(n) for n in wrong[:3]}, f"{[expected.get(n) for n in wrong[:3]]}")
    return {name: tensor.astype(np.float32, copy=False) for name, tensor in bundle.tensors.items()}


def merge(base: Weights, adapter: Bundle) -> Weights:
    """Add an adapter's low-rank products to the weights it was trained on."""
    scale = float(adapter.settings["lora_alpha"]) / int(adapter.settings["r"])
    out = dict(base)
    downs = {name.removesuffix(".lora_A.weight") for name in adapter.tensors if name.endswith(".lora_A.weight")}
    ups = {name.removesuffix(".lora_B.weight") for name in adapter.tensors if name.endswith(".lora_B.weight")}
    if downs != ups or len(adapter.tensors) != 2 * len(downs) or not downs:
        raise BundleRefused("adapter tensors", sorted(adapter.tensors)[:3], "pairs of lora_A and lora_B")
    for module in sorted(downs):
        target = f"{module.removeprefix(_PREFIX)}.weight"
        down = adapter.tensors[f"{module}.lora_A.weight"].astype(np.float32)  # (r, in)
        up = adapter.tensors[f"{module}.lora_B.weight"].astype(np.float32)  # (out, r)
        if target not in out or out[target].shape != (down.shape[1], up.shape[0]):
            raise BundleRefused("adapter module", module, "a linear layer of the parent, of its shape")
        out[target] = out[target] + (up @ down).T * np.float32(scale)  # (in, out)
    return out


def _copy_norm(spec: common_spec.LayerNormSpec, weights: Weights, name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]


def _copy_linear(spec: common_spec.LinearSpec, weights: Weights, name: str) -> None:
    spec.weight = np.ascontiguousarray(weights[f"{name}.weight"].T)
    spec.bias = weights[f"{name}.bias"]


def save_engine_model(weights: Weights, settings: Json, tokens: list[str], folder: Path) -> None:
    """Write weights into a folder in the form that CTranslate2 loads."""
    layers, heads = int(settings["n_layer"]), int(settings["n_head"])
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        layers, heads, pre_norm=True, activation=common_spec.Activation.GELUTanh
    )
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = weights["transformer.wte.weight"]
    decoder.projection.weight = weights["transformer.wte.weight"]
    decoder.position_encodings.encodings = weights["transformer.wpe.weight"]
    _copy_norm(decoder.layer_norm, weights, "transformer.ln_f")
    for i, layer in enumerate(decoder.layer):
        at = f"transformer.h.{i}."
        _copy_norm(layer.self_attention.layer_norm, weights, f"{at}ln_1")
        _copy_linear(layer.self_attention.linear[0], weights, f"{at}attn.c_attn")
        _copy_linear(layer.self_attention.linear[1], weights, f"{at}attn.c_proj")
        _copy_norm(layer.ffn.layer_norm, weights, f"{at}ln_2")
        _copy_linear(layer.ffn.linear_0, weights, f"{at}mlp.c_fc")
        _copy_linear(layer.ffn.linear_1, weights, f"{at}mlp.c_proj")
    spec.register_vocabulary(tokens)
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = END
    spec.validate()
    spec.save(str(folder))


__all__ = ["Tensors", "Weights", "base_weights", "expected_shapes", "merge", "save_engine_model"]
