"""Converts weights to the format that CTranslate2 loads."""

from pathlib import Path

import numpy as np
from ctranslate2.specs import common_spec, transformer_spec

from minimodel.bundles.canonical import Json
from minimodel.inference.weights import Weights
from minimodel.text.prompt import END


def _copy_norm(spec: common_spec.LayerNormSpec, weights: Weights, name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]


def _copy_linear(spec: common_spec.LinearSpec, weights: Weights, name: str) -> None:
    # From Hugging Face's (in, out) to CTranslate2's (out, in).
    spec.weight = np.ascontiguousarray(weights[f"{name}.weight"].T)
    spec.bias = weights[f"{name}.bias"]


def save_engine_model(weights: Weights, settings: Json, tokens: list[str], folder: Path) -> None:
    """Write weights into a folder in the format that CTranslate2 loads."""
    layers, heads = int(settings["n_layer"]), int(settings["n_head"])
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        layers, heads, pre_norm=True, activation=common_spec.Activation.GELUTanh
    )
    decoder = spec.decoder
    # The default multiplies by sqrt(width), as the original Transformer does; GPT-2 does not.
    decoder.scale_embeddings = False
    decoder.embeddings.weight = weights["transformer.wte.weight"]
    # GPT-2 ties input and output embeddings, (vocabulary, width).
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
