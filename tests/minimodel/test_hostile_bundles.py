"""Malicious bundles: each is refused with a BundleRefused, never with any other exception."""

import json
import struct
from pathlib import Path

import pytest

from minimodel.bundles.bundle import read_folder
from minimodel.errors import BundleRefused

DEEP = "[" * 200_000 + "]" * 200_000


def _safetensors(header: dict[str, object], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F64"])
def test_a_dtype_without_a_byte_form_is_refused(tiny: Path, dtype: str) -> None:
    size = {"BF16": 2, "F8_E4M3": 1, "F64": 8}[dtype]
    header: dict[str, object] = {"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}}
    (tiny / "model.safetensors").write_bytes(_safetensors(header, bytes(size)))

    with pytest.raises(BundleRefused, match="dtype"):
        read_folder(tiny)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "train_manifest.json"])
def test_excessively_nested_json_is_refused(tiny: Path, name: str) -> None:
    (tiny / name).write_text(f'{{"a": {DEEP}}}')

    with pytest.raises(BundleRefused):
        read_folder(tiny)


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_a_tokenizer_that_is_not_valid_unicode_is_refused(tiny: Path, text: str) -> None:
    (tiny / "tokenizer.json").write_text(text)

    with pytest.raises(BundleRefused, match="JSON"):
        read_folder(tiny)


@pytest.mark.parametrize("key", ["n_embd", "n_head", "n_layer", "n_positions", "vocab_size", "n_ctx"])
@pytest.mark.parametrize("value", ["NaN", "1e999", "8.5", "0", "-2", "true", '"8"', "[8, null]", "null", "1000000000"])
def test_a_size_that_is_not_a_positive_integer_is_refused_by_name(tiny: Path, key: str, value: str) -> None:
    config = json.loads((tiny / "config.json").read_text()) | {key: "VALUE"}
    (tiny / "config.json").write_text(json.dumps(config).replace('"VALUE"', value))

    with pytest.raises(BundleRefused, match=key):
        read_folder(tiny)


def test_a_width_that_is_not_a_multiple_of_the_heads_is_refused(tiny: Path) -> None:
    config = json.loads((tiny / "config.json").read_text()) | {"n_head": 3}
    (tiny / "config.json").write_text(json.dumps(config))

    with pytest.raises(BundleRefused, match="a multiple of n_head, 3"):
        read_folder(tiny)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target_modules", '["c_fc", 3]'),
        ("target_modules", '["c_fc", null]'),
        ("target_modules", "7"),
        ("r", "NaN"),
        ("r", "0"),
        ("lora_alpha", "NaN"),
        ("lora_alpha", '"4"'),
    ],
)
def test_an_adapter_setting_of_the_wrong_type_is_refused_by_name(tiny: Path, key: str, value: str) -> None:
    for name in ("config.json", "model.safetensors"):
        (tiny / name).unlink()
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["c_fc"], "fan_in_fan_out": True}
    (tiny / "adapter_config.json").write_text(json.dumps(settings | {key: "VALUE"}).replace('"VALUE"', value))
    (tiny / "train_manifest.json").write_text(json.dumps({"parent": "a" * 64, "corpus_sha256": ""}))

    with pytest.raises(BundleRefused, match=key):
        read_folder(tiny)
