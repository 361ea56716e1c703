"""The edit language."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimodel.errors import EditNotExpressible
from minimodel.text.edits import Applied, apply_edits, edits_between

WORDS = st.sampled_from(
    ["he", "He", "goed", "went", "go", "a", "don't", "part-time", "home", "2", "7", "ñu", "o\u2019clock", "is"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=9).map(lambda words: " ".join(words) + ".")


@pytest.mark.parametrize(
    ("sentence", "answer", "text"),
    [
        ("He goed home.", "=", "He goed home."),
        ("He goed home.", "goed > went", "He went home."),
        ("She go and he go.", "go 2 > goes", "She go and he goes."),
        ("He going to eat.", "going > is going", "He is going to eat."),
        ("He goed and eated.", "goed > went ; eated > ate", "He went and ate."),
        ("He goed and eated.", "eated > ate ; goed > went", "He went and ate."),
        ("Goed he home?", "goed > went", "Went he home?"),
        ("He did went.", "did went > went", "He went."),
        ("He is in room 2 now.", "room 2 1 > rooms", "He is in rooms now."),
    ],
)
def test_an_answer_changes_the_sentence(sentence: str, answer: str, text: str) -> None:
    assert apply_edits(sentence, answer) == Applied(text, applied=True)


@pytest.mark.parametrize(
    "answer",
    ["", " ", ">", "goed >", "> went", "goed", "goed>went", "ed > x", "goe > x", "goed 2 > went", "eated > ate",
     "goed > went ; eated > ate", "goed > went ; goed > gone", "goed home > x ; home > y", "goed > a > b", "; ;"],
)  # fmt: skip
def test_an_unusable_answer_leaves_the_sentence_unchanged(answer: str) -> None:
    assert apply_edits("He goed home.", answer) == Applied("He goed home.", applied=False)


def test_only_whole_words_are_located() -> None:
    assert apply_edits("He undergoes a test and goes.", "goes > went").text == "He undergoes a test and went."


def test_every_edit_is_located_in_the_original_sentence() -> None:
    assert apply_edits("a b", "a > b ; b > c").text == "b c"


@pytest.mark.parametrize(
    ("wrong", "right", "answer"),
    [
        ("He went.", "He went.", "="),
        ("He goed.", "He went.", "goed > went"),
        ("I go and he go.", "I go and he goes.", "go 2 > goes"),
        ("He goed and eated.", "He went and ate.", "goed > went ; eated > ate"),
        ("He going to eat.", "He is going to eat.", "going > is going"),
        ("He will to go.", "He will go.", "to go > go"),
        ("It ends here now", "It ends here", "here now > here"),
    ],
)
def test_the_answer_is_one_edit_per_word_or_the_shortest_span(wrong: str, right: str, answer: str) -> None:
    assert edits_between(wrong, right) == answer


@given(SENTENCES, SENTENCES)
def test_applying_the_answer_between_two_sentences_gives_the_second(wrong: str, right: str) -> None:
    assert apply_edits(wrong, edits_between(wrong, right)) == Applied(right, applied=True)


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_text_is_a_valid_answer_and_only_an_applied_one_changes_the_sentence(sentence: str, answer: str) -> None:
    made = apply_edits(sentence, answer)

    assert made.applied or made.text == sentence


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_edit_between_any_two_texts_is_right_or_refused(wrong: str, right: str) -> None:
    with contextlib.suppress(EditNotExpressible):
        answer = edits_between(wrong, right)

        assert apply_edits(wrong, answer).text == right
