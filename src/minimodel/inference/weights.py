"""The weights of a bundle as numpy arrays, with an adapter merged into its base.

Uses numpy only, so that serving does not need torch.
"""

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
# PEFT wraps the model twice and writes both wrappers into the names of an adapter's tensors.
_PREFIX: Final = "base_model.model."


def expected_shapes(settings: Json) -> dict[str, tuple[int, ...]]:
    """Return the name (Hugging Face's for GPT-2) and shape of every tensor of a base model."""
    width = int(settings["n_embd"])
    out: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (int(settings["vocab_size"]), width),
        "transformer.wpe.weight": (int(settings["n_positions"]), width),
        "transformer.ln_f.weight": (width,),
        "transformer.ln_f.bias": (width,),
    }
    # Linear layers are stored as (in, out). c_attn produces query, key and value in one product, hence 3 * width.
    shapes = ((width, 3 * width), (width, width), (width, 4 * width), (4 * width, width))
    for layer in range(int(settings["n_layer"])):
        at = f"transformer.h.{layer}."
        for name, shape in zip(_LINEAR, shapes, strict=True):
            out |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[1:]}
        for name in _NORMS:
            out |= {f"{at}{name}.weight": (width,), f"{at}{name}.bias": (width,)}
    return out


def base_weights(bundle: Bundle) -> Weights:
    """Return a base bundle's tensors. Refuses missing, unknown and wrongly shaped ones."""
    expected = expected_shapes(bundle.settings)
    found = {name: tensor.shape for name, tensor in bundle.tensors.items()}
    wrong = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
    if wrong:
        raise BundleRefused("tensors", {n: found.get(n) for n in wrong[:3]}, f"{[expected.get(n) for n in wrong[:3]]}")
    return {name: tensor.astype(np.float32, copy=False) for name, tensor in bundle.tensors.items()}


def merge(base: Weights, adapter: Bundle) -> Weights:
    """Return the base weights plus the adapter's low-rank products, W + (up @ down).T * alpha / r."""
    scale = float(adapter.settings["lora_alpha"]) / int(adapter.settings["r"])
    out = dict(base)
    downs = {name.removesuffix(".lora_A.weight") for name in adapter.tensors if name.endswith(".lora_A.weight")}
    ups = {name.removesuffix(".lora_B.weight") for name in adapter.tensors if name.endswith(".lora_B.weight")}
    if downs != ups or len(adapter.tensors) != 2 * len(downs) or not downs:
        raise BundleRefused("adapter tensors", sorted(adapter.tensors)[:3], "one lora_A and one lora_B per module")
    for module in sorted(downs):
        target = f"{module.removeprefix(_PREFIX)}.weight"
        down = adapter.tensors[f"{module}.lora_A.weight"].astype(np.float32)  # (r, in)
        up = adapter.tensors[f"{module}.lora_B.weight"].astype(np.float32)  # (out, r)
        if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
            raise BundleRefused(
                f"adapter module {module}",
                [down.shape, up.shape],
                "two matrices of the same rank, (r, in) and (out, r)",
            )
        if target not in out or out[target].shape != (down.shape[1], up.shape[0]):
            raise BundleRefused(
                "adapter module", module, "the name of a linear layer of the parent, with a matching shape"
            )
        # No warnings here: check_servable refuses weights that are not finite when a model is registered.
        with np.errstate(over="ignore", invalid="ignore"):
            out[target] = out[target] + (up @ down).T * np.float32(scale)  # (in, out)
    return out
