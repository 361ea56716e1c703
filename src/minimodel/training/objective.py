"""The training loss and its gradients.

Logits are made only where the loss counts: of an adapter's document that is the answer. A step's documents are
shared out to threads that compute with one core each, because operations of this size do not fill two; what the
threads found is added up in their order, so the bytes depend on the number of shares and on no timing.
"""

from collections.abc import Sequence
from concurrent.futures import Executor

import peft
import torch

from minimodel.training.batches import IGNORED, Batch

Gradients = tuple[torch.Tensor, ...]


def _counted(batch: Batch) -> int:
    return int((batch.labels[:, 1:] != IGNORED).sum())


def gradients(
    model: torch.nn.Module, shares: Sequence[Batch], parameters: Sequence[torch.nn.Parameter], pool: Executor
) -> tuple[float, Gradients]:
    """Return the mean loss over all shares of a step, and its gradient by each parameter."""
    counts = [_counted(share) for share in shares]

    def one(share: Batch, count: int) -> tuple[float, Gradients]:
        loss = loss_of(model, share) * (count / sum(counts))
        return float(loss.detach()), torch.autograd.grad(loss, parameters)

    losses, found = zip(*pool.map(one, shares, counts), strict=True)
    return sum(losses), tuple(torch.stack(each).sum(0) for each in zip(*found, strict=True))


def loss_of(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Return the mean cross-entropy of the labelled tokens.

    No attention mask is needed: what pads a row comes after it, where a causal model does not look.
    """
    language = model.get_base_model() if isinstance(model, peft.PeftModel) else model
    hidden = language.transformer(input_ids=batch.ids, position_ids=batch.positions, use_cache=False).last_hidden_state
    wanted = batch.labels[:, 1:]
    counted = wanted != IGNORED
    return torch.nn.functional.cross_entropy(language.lm_head(hidden[:, :-1][counted]), wanted[counted])
