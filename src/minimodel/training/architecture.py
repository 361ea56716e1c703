"""The two models that are trained: a small GPT-2, and a LoRA adapter on top of it."""

from typing import Final

import peft
import torch
import transformers

from minimodel.training.recipe import Recipe

# Context length in tokens: sentence, answer and the control tokens around them.
POSITIONS: Final = 256
# Every linear layer of a block: attention in and out (c_attn, c_proj), MLP in and out (c_fc, c_proj).
_TARGETS: Final = ["c_attn", "c_proj", "c_fc"]


def new_base(recipe: Recipe, end_id: int) -> transformers.GPT2LMHeadModel:
    """Return the untrained base model: 0.87 M parameters, initialised from the recipe's seed."""
    torch.manual_seed(recipe.base.seed)
    config = transformers.GPT2Config(
        vocab_size=recipe.vocabulary,
        n_positions=POSITIONS,
        n_embd=128,
        n_layer=4,
        n_head=4,
        # No dropout: a run sees every document once, so there is nothing to memorise, and the same seed must give
        # the same bytes.
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end_id,
        eos_token_id=end_id,
    )
    return transformers.GPT2LMHeadModel(config)


def new_adapter(recipe: Recipe, base: transformers.GPT2LMHeadModel) -> peft.PeftModel:
    """Wrap a frozen base model in an untrained LoRA adapter (lora_B is zero, so the output is still the base's)."""
    torch.manual_seed(recipe.adapter.seed)
    config = peft.LoraConfig(
        r=recipe.adapter_r,
        lora_alpha=recipe.adapter_alpha,
        target_modules=_TARGETS,
        lora_dropout=0.0,
        bias="none",
        # GPT-2's Conv1D stores weights as (in, out), not (out, in) as torch.nn.Linear does.
        fan_in_fan_out=True,
        task_type=peft.TaskType.CAUSAL_LM,
    )
    return peft.get_peft_model(base, config)
