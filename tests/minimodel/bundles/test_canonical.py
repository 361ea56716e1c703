"""The laws of the canonical SHA."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimodel.bundles.canonical import adapter_settings, architecture, canonical_sha
from minimodel.errors import BundleRefused

CONFIG: dict[str, Any] = {
    "model_type": "gpt2", "n_embd": 4, "n_head": 2, "n_layer": 1, "n_positions": 8, "vocab_size": 6,
    "activation_function": "gelu_new",
}  # fmt: skip
ADAPTER: dict[str, Any] = {
    "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["c_fc", "c_attn"], "fan_in_fan_out": True,
}  # fmt: skip
TOKENIZER = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}}}


def _tensors() -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in (("w", (3, 2)), ("b", (2,)))}


def _sha(**changed: Any) -> str:  # noqa: ANN401 - any one argument of the SHA
    arguments: dict[str, Any] = {
        "kind": "base",
        "settings": architecture(CONFIG),
        "tensors": _tensors(),
        "tokenizer": TOKENIZER,
        "parent": "",
        "corpus": "c" * 64,
        "quantization": "",
    }
    arguments |= changed
    positional = [arguments.pop(name) for name in ("kind", "settings", "tensors", "tokenizer")]
    return canonical_sha(*positional, **arguments)


@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_and_tensors_does_not_affect_the_sha(rng: random.Random) -> None:
    config, tensors = list(CONFIG.items()), list(_tensors().items())
    rng.shuffle(config)
    rng.shuffle(tensors)

    assert _sha(settings=architecture(dict(config)), tensors=dict(tensors)) == _sha()


@given(st.sampled_from(["w", "b"]), st.integers(0, 5), st.integers(0, 31))
def test_one_changed_bit_in_the_weights_gives_another_sha(name: str, index: int, bit: int) -> None:
    tensors = _tensors()
    flat = tensors[name].reshape(-1).view(np.uint32)
    flat[index % flat.size] ^= np.uint32(1 << bit)

    assert _sha(tensors=tensors) != _sha()


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "adapter"},
        {"settings": architecture({**CONFIG, "n_head": 1})},
        {"tokenizer": {"model": {"type": "BPE", "vocab": {"a": 1, "b": 0}}}},
        {"parent": "a" * 64},
        {"corpus": "d" * 64},
        {"quantization": "int8"},
        {"tensors": {**_tensors(), "w": _tensors()["w"].reshape(2, 3)}},
        {"tensors": {"v": _tensors()["w"], "b": _tensors()["b"]}},
        {"tensors": {**_tensors(), "w": _tensors()["w"].astype(np.float16)}},
    ],
    ids=["kind", "architecture", "tokenizer", "parent", "corpus", "quantization", "shape", "name", "dtype"],
)
def test_everything_that_affects_an_answer_affects_the_sha(changed: dict[str, Any]) -> None:
    assert _sha(**changed) != _sha()


def test_the_byte_order_in_memory_does_not_affect_the_sha() -> None:
    swapped = {name: tensor.astype(">f4") for name, tensor in _tensors().items()}

    assert _sha(tensors=swapped) == _sha()


def test_training_options_and_library_versions_do_not_affect_the_sha() -> None:
    extra = {"transformers_version": "9.9", "resid_pdrop": 0.5, "use_cache": False, "some_new_switch": None}

    assert architecture({**CONFIG, **extra}) == architecture(CONFIG)


def test_the_order_of_a_module_list_does_not_affect_the_sha() -> None:
    turned = {**ADAPTER, "target_modules": ["c_attn", "c_fc"]}

    assert adapter_settings(turned) == adapter_settings(ADAPTER)


@pytest.mark.parametrize(
    "extra",
    [{"activation_function": "relu"}, {"scale_attn_weights": False}, {"n_inner": 99}, {"rope_theta": 10000}],
)
def test_an_unsupported_architecture_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(BundleRefused, match=next(iter(extra))):
        architecture({**CONFIG, **extra})


@pytest.mark.parametrize(
    "extra",
    [{"use_dora": True}, {"use_rslora": True}, {"bias": "all"}, {"rank_pattern": {"c_fc": 4}}, {"peft_type": "IA3"},
     {"modules_to_save": ["wte"]}, {"use_qalora": True}],
)  # fmt: skip
def test_an_unsupported_adapter_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(BundleRefused, match=next(iter(extra))):
        adapter_settings({**ADAPTER, **extra})


def test_a_missing_key_is_refused_by_name() -> None:
    with pytest.raises(BundleRefused, match="n_head"):
        architecture({key: value for key, value in CONFIG.items() if key != "n_head"})


def test_a_tensor_type_without_a_byte_form_is_refused() -> None:
    with pytest.raises(BundleRefused, match="dtype of w is 'float64'"):
        _sha(tensors={"w": np.zeros(2)})
