"""Weights out of bundles, an adapter merged into them, with numpy only."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from minimodel.bundles.bundle import Bundle
from minimodel.bundles.canonical import Json
from minimodel.errors import BundleRefused

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
        if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
            raise BundleRefused(f"adapter module {module}", [down.shape, up.shape], "matrices of one rank")
        if target not in out or out[target].shape != (down.shape[1], up.shape[0]):
            raise BundleRefused("adapter module", module, "a linear layer of the parent, of its shape")
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused where a model is taken in
            out[target] = out[target] + (up @ down).T * np.float32(scale)  # (in, out)
    return out
