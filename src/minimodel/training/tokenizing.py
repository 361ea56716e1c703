"""Trains the byte-level BPE tokenizer."""

from collections.abc import Iterator

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from minimodel.text.prompt import EDIT, END


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> Tokenizer:
    """Learn merges from texts. Any text can be encoded, because every byte is a token."""
    tokenizer = Tokenizer(models.BPE())
    # A leading space gives the first word of a sentence or an answer the same tokens as in any other place.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        # Listed first, so they get ids 0 and 1.
        special_tokens=[END, EDIT],
        # All 256 bytes, sorted: the library returns them in no fixed order, and ids follow this list.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
