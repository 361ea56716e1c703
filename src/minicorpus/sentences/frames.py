"""Sentence frames. Each one allows a single tense for its verb form.

Slots: {S} subject, {V} verb form, {O} its complement, {have} and {do} auxiliaries, {F} adverb of frequency, {T} time
phrase of the tense. {a|b} is a for I and you and b for the third person; {a|b|c} has one option per person.
"""

from dataclasses import dataclass
from typing import Final

from minicorpus.vocabulary import fresh
from minicorpus.vocabulary.phrases import Side

_TRAIN: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {want|wants} to {V} {O}",
        "{S} {need|needs} to {V} {O}",
        "{S} {have|has} to {V} {O}",
        "{S} {wish} to {V} {O}",
        "{S} {wish} to {M} {V} {O}",
        "{S} {M} {wish} to {V} {O}",
        "{S} {wished} to {V} {O}",
        "{S} {wished} to {V} {O}",
        "{S} {wished} not to {V} {O}",
        "{S} {have} {wished} to {V} {O}",
        "{S} {am|are|is} {willing} to {V} {O}",
        "{S} {am|are|is} {M} {willing} to {V} {O}",
        "{S} {was|were|was} {willing} to {V} {O}",
        "{S} {was|were|was} not {willing} to {V} {O}",
        "{S} {modal} {V} {O}",
        "{S} {modal} {V} {O}",
        "{S} {modal} {M} {V} {O}",
        "{S} {modal} not {V} {O}",
        "{S} {do} not {V} {O}",
        "{S} {do}n't {V} {O}",
        "{S} did not {V} {O}",
        "{S} didn't {V} {O}",
        "{S} {do} not {M} {V} {O}",
        "{S} did not {M} {V} {O}",
        "{S} cannot {V} {O}",
        "{S} {modal} {wish_bare} to {V} {O}",
        "{S} {do|does} not {wish_bare} to {V} {O}",
        "{S} did not {wish_bare} to {V} {O}",
        "{S} used to {V} {O}",
        "{S} {have|has} {a_thing} to {V} {O}",
        "{S} asked {person} to {V} {O}",
        "{S} had to {V} {O}",
        "{S} went there to {V} {O}",
        "in order to {V} {O}, {S} {modal} wait",
        "{S} {deserve|deserves} to {V} {O}",
        "{S} {am|are|is} determined to {V} {O}",
        "{S} should nonetheless {V} {O}",
        "{S} {have|has} permission to {V} {O}",
        "{S} hesitated to {V} {O}",
        "{S} {do}n't {M} {V} {O}",
        "{do} {S} {V} {O}?",
        "{do} {S} {M} {V} {O}?",
        "{do}n't {S} {V} {O}?",
        "did {S} {V} {O}?",
        "didn't {S} {V} {O}?",
        "{asking} {do} {S} {V} {O}?",
        "{asking} did {S} {V} {O}?",
        "{questioning} {S} {V} {O}?",
    ),
    "present_simple": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{S} {F} {V} {O}",
        "{S} {F} {V} {O} {T}",
        "{T}, {S} {F} {V} {O}",
        "{T}, {S} {M} {V} {O}",
        "{S} {M} {V} {O} {T}",
        "{S} {V} {O} {X} {T}",
        "{S} {V} {O} {T} {X}",
        "{P}, {S} {V} {O} {T}",
        "{P} {S} {V} {O} {T}",
        "{S} almost {F} {V} {O}",
        "{S} {F} {V} {O} {X}",
        "it is {T} that {S} {V} {O}",
        "{adjective} or not, {S} {V} {O} {T}",
        "{S} {V} {O} {T} without exception",
        "like clockwork, {S} {V} {O} {T}",
        "{T}, if necessary, {S} {V} {O}",
    ),
    "past_simple": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{T} {S} {V} {O}",
        "{T}, {S} {M} {V} {O}",
        "{S} {M} {V} {O} {T}",
        "{S} {V} {O} {X} {T}",
        "{S} {V} {O} {T} {X}",
        "{P}, {S} {V} {O} {T}",
        "{P} {S} {V} {O} {T}",
        "{W} {T}, {S} {V} {O}",
        "{W} {T} {S} {V} {O}",
        "it was {T} that {S} {V} {O}",
        "that was {T}, when {S} {V} {O}",
        "{T} was the day when {S} {V} {O}",
        "it happened {T} after {S} {V} {O}",
        "{S} {V} {O} by coincidence {T}",
        "on a whim, {S} {V} {O} {T}",
        "{T}, of all times, {S} {V} {O}",
        "out of nowhere, {S} {V} {O} {T}",
    ),
    "past_participle": (
        "{S} {have} {V} {O}",
        "{S} {have} already {V} {O}",
        "{S} {have} never {V} {O}",
        "{S} {have} just {V} {O}",
        "{S} {have} not {V} {O}",
        "{S} {have} {V} {O} {T}",
        "{S} {have} {M} {V} {O}",
        "{S} {have} {M} {V} {O} {T}",
        "{S} {have} {F} {V} {O} {T}",
        "{S} {have} not {V} {O} yet",
        "{S} {have} {V} {O} {X}",
        "{S} {have} {V} {O} {X} {T}",
        "{P}, {S} {have} {V} {O}",
        "{P} {S} {have} {V} {O} {T}",
        "{T}, {S} {have} {V} {O}",
        "{S} {have} {M} not {V} {O}",
        "this is the first time {S} {have} {V} {O}",
        "it is {number} years since {S} {have} {V} {O}",
        "{S} {have} apparently {V} {O} {T}",
        "{S} {have} presumably {V} {O}",
        "it is a shame that {S} {have} {V} {O}",
        "{S} {have} {V} {O} in the meantime",
        "{have} {S} ever {V} {O}?",
        "{have} {S} {V} {O} {T}?",
        "{have} {S} already {V} {O}?",
        "{have}n't {S} {V} {O} yet?",
        "{asking} {have} {S} {V} {O}?",
        "{S} {have}n't {V} {O}",
    ),
    "future": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{T} {S} {V} {O}",
        "{S} {V} {O} {X} {T}",
        "{S} {V} {O} {T} {X}",
        "{P}, {S} {V} {O} {T}",
        "{P} {S} {V} {O} {T}",
        "{P} {T} {S} {V} {O}",
        "{W} {T}, {S} {V} {O}",
        "{W} {T} {S} {V} {O}",
        "{S} {M} {V} {O} {T}",
        "{T}, {S} {M} {V} {O}",
        "it is {T} that {S} {V} {O}",
        "{S} {V} {O}, but only {T}",
        "{S} {V} {O} {T} at the earliest",
        "as of {T}, {S} {V} {O}",
        "{S} {V} {O}, weather permitting, {T}",
        "inevitably, {S} {V} {O} {T}",
    ),
}
# Fillers of the slots that only training frames have. With {invented...} words among them, a model learns to expect
# unknown words in these places. Held-out and fresh frames spell out words of their own.
_FILLERS: Final[dict[str, tuple[str, ...]]] = {
    "M": (
        "finally", "suddenly", "quickly", "slowly", "really", "also", "even", "only", "simply", "almost", "nearly",
        "actually", "secretly", "clearly", "obviously", "happily", "easily", "carefully", "quietly", "soon",
        "gladly", "once", "nevertheless", "at first", "then", "later", "sadly", "often", "always", "partly",
        "definitely", "possibly", "surely", "usually", "somehow", "{invented_adverb}", "{invented_adverb}",
        "{invented_adverb}", "not only", "barely", "no longer", "at least", "ever so {invented_adverb}",
        "scarcely ever", "once more", "in turn", "yet again", "as ever", "next",
    ),
    "wish": (
        "{hope|hopes}", "{like|likes}", "{love|loves}", "{try|tries}", "{prefer|prefers}", "{learn|learns}",
        "{expect|expects}", "{intend|intends}", "{begin|begins}", "{wish|wishes}", "{forget|forgets}",
        "{seem|seems}", "{choose|chooses}", "{offer|offers}", "{decide|decides}", "{start|starts}",
        "{continue|continues}", "{ask|asks}", "{hate|hates}", "{invented_verb}", "{invented_verb}",
    ),
    "wish_bare": ("want", "like", "need", "hope", "try", "have", "love", "begin", "seem", "{invented}"),
    "wished": (
        "wanted", "decided", "tried", "hoped", "liked", "needed", "loved", "preferred", "learned", "expected",
        "began", "forgot", "offered", "chose", "started", "continued", "asked", "wished", "{invented}ed",
        "{invented}ed", "seemed", "failed",
    ),
    "willing": (
        "ready", "happy", "glad", "free", "afraid", "eager", "likely", "willing", "lucky", "allowed", "sorry",
        "about", "supposed", "sure", "the first", "asked", "too {adjective}", "{adjective} enough", "{adjective}",
        "{invented}", "{invented}", "going out", "here", "at home",
    ),
    "modal": ("can", "must", "should", "could", "may", "would", "will not", "had better", "ought to", "would like to",
              "would love to", "{have|has} to {invented} and", "cannot {invented} or", "would rather", "shall",
              "couldn't", "mustn't", "wouldn't", "can't", "needn't", "may well", "can hardly", "would sooner",
              "must {invented_adverb}"),
    "asking": ("how often", "what time", "where else", "how", "for how long", "how {invented}", "at what {invented}",
               "with whom", "on which day", "in which {invented}"),
    "questioning": ("can", "must", "should", "could", "may", "would", "can't", "shouldn't", "shall"),
    "X": (
        "with pleasure", "for the first time", "in a hurry", "by mistake", "for fun", "like never before",
        "at least once", "one more time", "as before", "{number} times", "all day", "for a while", "in the rain",
        "alone", "together", "for {person}", "with {person}", "because of {a_thing}", "in {place}", "{invented_adverb}",
        "{invented_adverb}", "for the {invented} time", "on {invented}", "in a {invented} way", "once or twice",
        "from beginning to end", "day and night", "too", "as well", "if possible", "of course", "for {number} hours",
    ),
    "P": (
        "so", "but", "and", "then", "well", "in fact", "as we know", "in any case", "at least", "perhaps",
        "probably", "possibly", "usually", "in most cases", "again", "finally", "for sure", "for some reason",
        "like {person}", "after all", "here", "at {place}", "in {place}", "as a {person_noun}", "{invented_adverb}",
        "{invented_adverb}", "for {invented} reasons", "as a {invented}", "with luck", "in short", "by tradition",
        "on average", "in the {invented}",
    ),
    "W": ("not until", "already", "even", "exactly", "probably", "perhaps", "late", "early", "starting",
          "at least", "{invented_adverb}", "some time", "right after", "ever since"),
}  # fmt: skip
_HELD: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {plan|plans} to {V} {O}",
        "{S} managed to {V} {O}",
        "{S} might {V} {O}",
        "{S} {do} not often {V} {O}",
        "{S} {am|are|is} able to {V} {O}",
        "{S} promised to {V} {O}",
        "when {do} {S} {V} {O}?",
    ),
    "present_simple": (
        "{S} {V} {O} {T} without fail",
        "{S} still {V} {O} {T}",
        "as a rule, {S} {V} {O} {T}",
        "{S} hardly ever {V} {O} any more",
        "to this day, {S} {V} {O} {T}",
    ),
    "past_simple": (
        "{S} first {V} {O} {T}",
        "it was {T} when {S} {V} {O}",
        "{S} {V} {O} for the last time {T}",
        "only {T}, {S} {V} {O}",
    ),
    "past_participle": (
        "{S} {have} recently {V} {O}",
        "{S} {have} {V} {O} more than once {T}",
        "by now, {S} {have} {V} {O}",
        "{S} {have} still not {V} {O}",
        "since when {have} {S} {V} {O}?",
    ),
    "future": (
        "{S} {V} {O} again {T}",
        "maybe {S} {V} {O} {T}",
        "sooner or later, {S} {V} {O}, maybe {T}",
        "come what may, {S} {V} {O} {T}",
    ),
}


@dataclass(frozen=True)
class Frame:
    """A pattern and its tense. `id` is stable and begins with the side of the split."""

    id: str
    tense: str
    pattern: str

    @property
    def takes_be(self) -> bool:
        """Whether the frame fits "be", which takes no auxiliary "do" or "did"."""
        return not any(word in self.pattern for word in ("{do}", "did ", "didn't"))


def frames(tense: str, side: Side) -> tuple[Frame, ...]:
    """Return the frames of a tense from one side of the split."""
    patterns = {"train": _TRAIN, "held": _HELD, "fresh": fresh.FRAMES}[side][tense]
    return tuple(Frame(f"{side}-{tense}-{i:02d}", tense, pattern) for i, pattern in enumerate(patterns))


def untimed(tense: str) -> Frame:
    """Return the frame without a time phrase, for mistakes that are possible in one tense only."""
    return Frame(f"train-{tense}-untimed", tense, "{S} {V} {O}")


def fillers() -> dict[str, tuple[str, ...]]:
    """Return the fillers of the slots that only training frames have."""
    return _FILLERS
