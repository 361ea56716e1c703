"""The training text is determined by its seed, kept apart from evaluation, and covers the grid."""

import dataclasses
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from minicorpus import grid
from minicorpus.corpus import ADAPTER, BASE, WEAK_VERBS, Document, digest, documents
from minicorpus.coverage import coverage
from minicorpus.evalset import items, render
from minicorpus.mistakes import KINDS, mistakes
from minicorpus.sentences import clauses
from minicorpus.sentences.frames import frames
from minicorpus.sentences.times import times
from minicorpus.split import is_held_out
from minicorpus.vocabulary import fresh, phrases
from minicorpus.vocabulary.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
BASE_DIGEST = "aa4c4a245ffe2b96be3e9a3608d3a8b603a7a321ea16bc4f68cbfffd9f52c638"
ADAPTER_DIGEST = "a06d4382911d471bf7092662ef877e2272ea6e81d2976655056195624757be50"
# SHA-256 of the list that is scored only once. Changing the list requires changing this.
FRESH_DIGEST = "9d91b73e5ef40ee8bd7a2ae103399ca95d402ad795fa58737adec245f2c0845b"
# Function words that occur in phrases of every side.
SHARED = {"the", "a", "an", "mr", "mrs", "aunt"}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@pytest.fixture(scope="module")
def base() -> list[Document]:
    return list(documents(201, 12000, BASE))


@pytest.fixture(scope="module")
def adapter() -> list[Document]:
    return list(documents(202, 12000, ADAPTER))


@pytest.fixture(scope="module")
def spoken() -> set[str]:
    """Every word of training texts without invented words, which could coincide with real ones."""
    mixes = (dataclasses.replace(mix, invention=0.0) for mix in (BASE, ADAPTER))
    return set().union(*(_words(d.text) for mix in mixes for d in documents(203, 8000, mix)))


def test_the_same_seed_gives_the_same_text_on_any_machine() -> None:
    assert digest(documents(1, 500, BASE)) == BASE_DIGEST
    assert digest(documents(1, 500, ADAPTER)) == ADAPTER_DIGEST


def test_the_fresh_list_has_not_changed_since_before_it_was_scored() -> None:
    data = Path(fresh.__file__).read_bytes().replace(b"\r\n", b"\n")

    assert hashlib.sha256(data).hexdigest() == FRESH_DIGEST


def test_another_seed_gives_another_text() -> None:
    assert digest(documents(2, 500, BASE)) != BASE_DIGEST


def test_the_base_text_corrects_seven_regular_verbs_only(base: list[Document]) -> None:
    corrected = {d.example.verb for d in base if d.kind in {"pair", "right"} and d.example}

    assert corrected == set(WEAK_VERBS)
    assert all(grid.is_regular(verb) for verb in corrected)


def test_the_base_text_is_mostly_plain_sentences_and_drills(base: list[Document]) -> None:
    kinds = coverage(base).kinds

    assert kinds["plain"] + kinds["drill"] > 0.6 * len(base)


def test_no_held_out_combination_is_in_any_training_text(base: list[Document], adapter: list[Document]) -> None:
    shown = [d.example for d in base + adapter if d.example is not None and d.example.mistake is not None]

    assert not [e for e in shown if is_held_out(e.verb, e.tense, e.person, e.mistake or "")]


def test_no_held_out_or_fresh_word_is_in_any_training_text(spoken: set[str]) -> None:
    unseen = {word for words in WORDS.values() for text in words.held for word in _words(text)}
    new = {word for texts in fresh.WORDS.values() for text in texts for word in _words(text)}

    assert not (unseen | new) & spoken - SHARED


def _bare(pattern: str) -> str:
    """Return a pattern without punctuation, because a comma does not make a different frame."""
    return " ".join(re.sub(r"[^\w\s{}|]", " ", pattern.lower()).split())


def test_no_evaluation_frame_is_a_training_frame_with_other_punctuation() -> None:
    for tense in grid.TENSES:
        train, held, new = ({_bare(f.pattern) for f in frames(tense, side)} for side in ("train", "held", "fresh"))

        assert not train & held
        assert not train & new
        assert not held & new


@pytest.mark.parametrize(
    ("module", "train", "held", "new"),
    [
        (clauses, ["_PLAIN"], ["_PLAIN_HELD"], "LEADS"),
        (clauses, ["_IMPERSONAL"], ["_IMPERSONAL_HELD"], "IMPERSONAL"),
        (clauses, ["_STATES"], ["_STATES_HELD"], "STATES"),
        (clauses, ["_ACTIONS"], ["_ACTIONS_HELD"], "ACTIONS"),
        (clauses, ["_THINKING"], ["_THINKING_HELD"], "THINKING"),
        (clauses, ["_JOINING", "_LINKS"], ["_JOINING_HELD", "_LINKS_HELD"], "JOINING"),
        (clauses, ["_JOINING", "_LINKS"], ["_JOINING_HELD", "_LINKS_HELD"], "LINKS"),
        (clauses, ["_PLAIN_TAILS"], ["_PLAIN_TAILS_HELD"], "TAILS"),
        (phrases, ["_MODIFIERS"], ["_MODIFIERS_HELD"], "MODIFIERS"),
    ],
)
def test_no_lead_tail_or_clause_of_one_side_is_in_another(
    module: ModuleType, train: list[str], held: list[str], new: str
) -> None:
    def texts(*lists: tuple[str | tuple[str, str], ...]) -> set[str]:
        return {_bare(text if isinstance(text, str) else text[0]) for one in lists for text in one}

    trained = texts(*(vars(module)[name] for name in train))
    kept = texts(*(vars(module)[name] for name in held))
    unseen = texts(vars(fresh)[new])

    assert not trained & kept
    assert not trained & unseen
    assert not kept & unseen


@pytest.mark.parametrize("tense", grid.TENSES)
def test_no_time_phrase_of_one_side_is_in_another(tense: str) -> None:
    train, held, new = ({_bare(t) for t in times(tense, side)} - {""} for side in ("train", "held", "fresh"))

    assert not train & held
    assert not train & new
    assert not held & new


def test_no_evaluation_sentence_is_a_training_or_tokenizer_text(base: list[Document], adapter: list[Document]) -> None:
    trained = {d.text for d in base + adapter} | {d.target for d in base + adapter}
    evaluated = {text for item in items(20) for text in (item.sentence, *item.accepted)}

    assert not trained & evaluated


def test_every_cell_occurs_right_and_wrong_unless_all_its_mistakes_are_held_out(adapter: list[Document]) -> None:
    covered = coverage(adapter)
    cells = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
    open_cells = [c for c in cells if not all(is_held_out(*c, m.kind) for m in mistakes(*c))]

    assert all(covered.right.get(cell, 0) >= 1 for cell in cells)
    assert all(covered.wrong.get(cell, 0) >= 8 for cell in open_cells)


@pytest.mark.parametrize("verb", grid.VERBS)
def test_every_verb_has_at_least_25_objects_or_complements(adapter: list[Document], verb: str) -> None:
    shown = {d.example.accepted[0] for d in adapter if d.example is not None and d.example.verb == verb}

    assert len(shown) >= 25


@pytest.mark.parametrize("tense", grid.TENSES)
def test_every_tense_has_several_frames_on_each_side(tense: str) -> None:
    assert len(frames(tense, "train")) >= 4
    assert len(frames(tense, "held")) >= 4
    assert len(frames(tense, "fresh")) >= 4


def test_the_evaluation_set_on_disk_is_the_generated_one() -> None:
    assert (ROOT / "data/eval/phase-20.jsonl").read_text("utf-8") == render(items(20))


def test_the_evaluation_set_has_the_properties_of_the_design() -> None:
    made = items(20)
    cells = {(i.verb, i.tense, i.person) for i in made}
    right = [i for i in made if i.mistake is None]

    assert len(made) >= 600
    assert len({i.sentence for i in made}) == len(made) == len({i.id for i in made})
    assert 0.20 <= len(right) / len(made) <= 0.25
    assert len(cells) == 300
    assert all(i.sentence in i.accepted for i in right)
    assert all(i.sentence not in i.accepted for i in made if i.mistake is not None)
    assert all(i.frame.startswith("held-") for i in made)


def test_the_evaluation_set_has_held_out_combinations_and_trained_ones() -> None:
    held = [is_held_out(i.verb, i.tense, i.person, i.mistake) for i in items(20) if i.mistake is not None]

    assert 100 < sum(held) < len(held) - 100


def test_the_evaluation_set_has_every_kind_of_mistake_and_the_everyday_ones_often() -> None:
    kinds = Counter(i.mistake for i in items(20) if i.mistake is not None)

    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 10
    assert max(kinds.values()) <= 120


def test_every_verb_and_tense_has_six_wrong_items_of_the_evaluation_set() -> None:
    cells = Counter((i.verb, i.tense) for i in items(20) if i.mistake is not None)

    assert len(cells) == 100
    assert set(cells.values()) == {6}


def test_both_corrections_of_did_went_are_accepted() -> None:
    finite = [i for i in items(20) if i.tense in {"present_simple", "past_simple"} and i.verb != "be"]
    doubled = [i for i in finite if i.mistake == "doubled_marking"]

    assert doubled
    assert all(re.search(rf"\b(?:did|does) {i.verb}\b", i.accepted[1]) for i in doubled)


@pytest.mark.parametrize(
    "wrong",
    [
        r"more (?:our|the|my|your|some|these|those|many|two|all)\b",
        r"in the (?:bridge|island)\b",
        r"from in\b",
        r"not often .*right away",
        r"(?:am|are|is|was|were) (?:worked|finished|walk|study|like)\b",
        r"(?:will|have|has|might) \w+ing\b",
    ],
)
def test_the_evaluation_set_has_none_of_the_sentences_that_a_reader_rejected(wrong: str) -> None:
    assert not [i.sentence for i in items(20) if re.search(wrong, i.sentence)]


def test_every_line_of_the_evaluation_set_has_the_keys_of_the_design() -> None:
    keys = {"id", "sentence", "accepted", "verb", "tense", "person", "regularity", "mistake", "frame"}

    assert all(set(json.loads(line)) == keys for line in render(items(20)).splitlines())
