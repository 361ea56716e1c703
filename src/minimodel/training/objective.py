"""The training loss and its gradients.

Logits are computed only for tokens that count towards the loss; in adapter training those are the answer's. A batch
is split into shares, one thread and one core each, because operations of this size cannot use two cores. Gradients are
summed in the order of the shares, so the result depends on their number but not on timing.
"""

from collections.abc import Sequence
from concurrent.futures import Executor

import peft
import torch

from minimodel.training.batches import IGNORED, Batch

Gradients = tuple[torch.Tensor, ...]


def _counted(batch: Batch) -> int:
    # The first token has nothing before it to be predicted from.
    return int((batch.labels[:, 1:] != IGNORED).sum())


def gradients(
    model: torch.nn.Module, shares: Sequence[Batch], parameters: Sequence[torch.nn.Parameter], pool: Executor
) -> tuple[float, Gradients]:
    """Return the mean loss over all shares of a batch and its gradient for each parameter, of the parameter's shape."""
    counts = [_counted(share) for share in shares]

    def one(share: Batch, count: int) -> tuple[float, Gradients]:
        # Weighted by tokens: a mean of the shares' means would favour the share with fewer tokens.
        loss = loss_of(model, share) * (count / sum(counts))
        return float(loss.detach()), torch.autograd.grad(loss, parameters)

    losses, found = zip(*pool.map(one, shares, counts), strict=True)
    return sum(losses), tuple(torch.stack(each).sum(0) for each in zip(*found, strict=True))


def loss_of(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Return the mean cross-entropy of the labelled tokens.

    No attention mask is needed: padding follows the text, and a causal model does not look ahead.
    """
    language = model.get_base_model() if isinstance(model, peft.PeftModel) else model
    hidden = language.transformer(input_ids=batch.ids, position_ids=batch.positions, use_cache=False).last_hidden_state
    # hidden: (documents, longest, width). Token t is predicted from position t - 1, hence the shift by one.
    wanted = batch.labels[:, 1:]
    counted = wanted != IGNORED
    # Indexing with the mask gives (counted tokens, width), so the large (.., vocabulary) product skips the rest.
    return torch.nn.functional.cross_entropy(language.lm_head(hidden[:, :-1][counted]), wanted[counted])
