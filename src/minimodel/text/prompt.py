"""Encodes sentences as token ids and decodes answers, for training and serving alike.

A document is `<|end|> sentence <|edit|> answer <|end|>`. Control ids are added after encoding, and user text that
spells out a control token is encoded as ordinary characters, so nobody can inject one.
"""

from collections.abc import Sequence
from typing import Final

from tokenizers import Tokenizer

from minimodel.errors import BundleRefused

END: Final = "<|end|>"
EDIT: Final = "<|edit|>"
# In tokens. Longer output is not an edit of one sentence.
ANSWER_ROOM: Final = 32
# The control tokens before and after the sentence.
_OVERHEAD: Final = 2


class Prompter:
    """Encodes sentences and decodes answers for one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        end, edit = tokenizer.token_to_id(END), tokenizer.token_to_id(EDIT)
        if end is None or edit is None:
            raise BundleRefused("tokenizer control tokens", [end, edit], f"ids for {END} and {EDIT}")
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self.end_id: int = end
        self.edit_id: int = edit

    def sentence_ids(self, sentence: str) -> list[int]:
        """Return the ids of a sentence without control tokens."""
        return list(self._tokenizer.encode(sentence, add_special_tokens=False).ids)

    def prompt_ids(self, sentence: str) -> list[int]:
        """Return the ids that the model continues with its answer."""
        return [self.end_id, *self.sentence_ids(sentence), self.edit_id]

    def answer_text(self, ids: Sequence[int]) -> str:
        """Return the text of an answer without control tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def tokens(self) -> list[str]:
        """Return the text of every token, indexed by id."""
        size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        return [str(self._tokenizer.id_to_token(i)) for i in range(size)]


def max_sentence_tokens(positions: int) -> int:
    """Return the maximum number of tokens of a sentence in a model with `positions` positions."""
    return positions - _OVERHEAD - ANSWER_ROOM
