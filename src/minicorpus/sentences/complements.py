"""Objects and complements of each verb, as patterns over the word lists."""

from typing import Final

from minicorpus.vocabulary.phrases import Source, fill

_COMPLEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "work": (
        "in {place}",
        "at {place}",
        "with {person}",
        "for {person}",
        "on {a_thing}",
        "hard",
        "from home",
        "with {the_people}",
        "in {place} with {person}",
    ),
    "play": (
        "{game}",
        "{instrument}",
        "{game} with {person}",
        "with {person}",
        "in {place}",
        "with {a_thing}",
        "{game} in {place}",
        "with {the_people}",
    ),
    "walk": (
        "to {place}",
        "in {place}",
        "with {person}",
        "home",
        "to {place} with {person}",
        "around {place}",
        "the dog",
        "from {place} to {place}",
    ),
    "talk": (
        "to {person}",
        "with {person}",
        "about {a_thing}",
        "to {the_people}",
        "about {subject}",
        "to {person} about {a_thing}",
        "about {things}",
    ),
    "listen": (
        "to {audio}",
        "to {person}",
        "to {audio} with {person}",
        "to {audio} in {place}",
        "to {the_people}",
        "carefully",
    ),
    "watch": (
        "{show}",
        "{show} with {person}",
        "{person}",
        "{things}",
        "{show} in {place}",
        "{the_people}",
        "{game} on TV",
    ),
    "study": (
        "{subject}",
        "{subject} with {person}",
        "in {place}",
        "{subject} in {place}",
        "with {the_people}",
        "for the exam",
    ),
    "finish": ("{task}", "{task} in {place}", "{task} with {person}", "{a_thing}", "early", "{task} on time"),
    "start": ("{task}", "{task} with {person}", "{a_thing}", "in {place}", "{task} in {place}", "early"),
    "look": (
        "at {a_thing}",
        "at {things}",
        "for {a_thing}",
        "at {person}",
        "after {person}",
        "for {person}",
        "{adjective}",
        "after {things}",
    ),
    "want": (
        "{a_thing}",
        "{food}",
        "{things}",
        "{food} for {person}",
        "more {bare_things}",
        "{a_thing} for {person}",
    ),
    "like": ("{food}", "{a_thing}", "{person}", "{subject}", "{game}", "{things}", "{place}", "{audio}"),
    "be": (
        "{adjective}",
        "in {place}",
        "{profession}",
        "very {adjective}",
        "at home",
        "with {person}",
        "late",
        "at {place} with {person}",
        "{adjective} with {person}",
    ),
    "have": (
        "{a_thing}",
        "{things}",
        "{food} for lunch",
        "{food} with {person}",
        "a problem with {a_thing}",
        "{food} in {place}",
        "a good time",
    ),
    "do": (
        "{chore}",
        "{chore} with {person}",
        "{chore} in {place}",
        "{chore} for {person}",
        "{chore} at home",
        "something for {person}",
    ),
    "go": (
        "to {place}",
        "home",
        "to {place} with {person}",
        "to {place} by bus",
        "there",
        "to {place} with {the_people}",
        "out with {person}",
    ),
    "come": (
        "to {place}",
        "home",
        "here with {person}",
        "from {place}",
        "back from {place}",
        "to the party",
        "with {person}",
        "home late",
    ),
    "see": ("{person}", "{a_thing}", "{things}", "{show}", "{person} in {place}", "{a_thing} in {place}"),
    "eat": (
        "{food}",
        "{food} with {person}",
        "in {place}",
        "{food} in {place}",
        "{food} for lunch",
        "{food} and {food}",
        "with {the_people}",
    ),
    "write": (
        "{text}",
        "{text} to {person}",
        "{text} about {a_thing}",
        "to {person}",
        "{text} in {place}",
        "about {things}",
        "{text} with {person}",
    ),
}


def patterns(verb: str) -> tuple[str, ...]:
    """Return the complement patterns of a verb."""
    return _COMPLEMENTS[verb]


def complement(source: Source, verb: str) -> str:
    """Return one complement of a verb."""
    return fill(source, source.rng.choice(_COMPLEMENTS[verb]))
