"""Training of the byte-level BPE tokenizer."""

from collections.abc import Iterator

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from minimodel.inference.prompt import EDIT, END


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> Tokenizer:
    """Learn merges from texts; any text can be encoded, as every byte is a token."""
    tokenizer = Tokenizer(models.BPE())
    # The leading space makes a word at the start of a sentence or an answer look like any other.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, EDIT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
