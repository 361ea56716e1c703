"""The words in which two answers differ."""

from hypothesis import given
from hypothesis import strategies as st

from minieval.report.wording import Words, compare_words

SENTENCE = st.lists(st.sampled_from(["He", "go", "goes", "went", "home", "now."]), max_size=8).map(" ".join)


@given(SENTENCE, SENTENCE)
def test_no_word_is_lost_or_added(mine: str, other: str) -> None:
    assert " ".join(run.text for run in compare_words(mine, other)) == mine


@given(SENTENCE)
def test_the_same_answer_differs_nowhere(mine: str) -> None:
    assert not any(run.differs for run in compare_words(mine, mine))


@given(SENTENCE, SENTENCE)
def test_what_is_not_marked_is_the_same_on_both_sides(mine: str, other: str) -> None:
    def common(one: str, two: str) -> list[str]:
        return [word for run in compare_words(one, two) if not run.differs for word in run.text.split()]

    kept = common(mine, other)
    words = iter(other.split())

    assert all(word in words for word in kept)


def test_two_places_are_marked_apart() -> None:
    assert compare_words("He goes home today.", "She goes home now.") == (
        Words("He", True),
        Words("goes home", False),
        Words("today.", True),
    )


def test_a_word_that_only_the_other_has_marks_nothing() -> None:
    assert compare_words("He go.", "He will go.") == (Words("He", False), Words("go.", False))
