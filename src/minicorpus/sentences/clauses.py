"""The text around a frame: leads before it and tails after it, with and without a verb.

A model that has seen only one kind of lead treats verbs in any other kind as mistakes. So there are many kinds, and
most are assembled from parts.
"""

from typing import Final

from minicorpus.vocabulary import fresh, invented
from minicorpus.vocabulary.phrases import Source, fill, people, person

# Verbs of side clauses as "plain|third person|past", and what follows. Side clauses never contain a mistake.
_ACTIONS: Final = (
    ("need|needs|needed", "help"),
    ("live|lives|lived", "in {place}"),
    ("love|loves|loved", "{things}"),
    ("buy|buys|bought", "{a_thing}"),
    ("read|reads|read", "{text}"),
    ("sleep|sleeps|slept", "well"),
    ("cook|cooks|cooked", "{food}"),
    ("know|knows|knew", "{person}"),
    ("call|calls|called", "{person}"),
    ("arrive|arrives|arrived", "late"),
    ("leave|leaves|left", "{place}"),
    ("sing|sings|sang", "in {place}"),
    ("meet|meets|met", "{person}"),
    ("find|finds|found", "{a_thing}"),
    ("lose|loses|lost", "{a_thing}"),
    ("take|takes|took", "{a_thing}"),
    ("bring|brings|brought", "{things}"),
    ("open|opens|opened", "the door"),
    ("wait|waits|waited", "for {person}"),
    ("sit|sits|sat", "in {place}"),
    ("run|runs|ran", "to {place}"),
    ("drive|drives|drove", "to {place}"),
    ("speak|speaks|spoke", "with {person}"),
    ("make|makes|made", "{food}"),
    ("sell|sells|sold", "{things}"),
    ("pay|pays|paid", "for {food}"),
    ("swim|swims|swam", "in the sea"),
    ("laugh|laughs|laughed", "a lot"),
    ("feel|feels|felt", "{adjective}"),
    ("stay|stays|stayed", "at home"),
    ("go|goes|went", "to {place}"),
    ("come|comes|came", "home"),
    ("see|sees|saw", "{person}"),
    ("eat|eats|ate", "{food}"),
    ("write|writes|wrote", "{text}"),
    ("have|has|had", "{a_thing}"),
    ("do|does|did", "{chore}"),
    ("work|works|worked", "in {place}"),
    ("play|plays|played", "{game}"),
    ("walk|walks|walked", "home"),
    ("want|wants|wanted", "{a_thing}"),
    ("like|likes|liked", "{food}"),
    ("look|looks|looked", "{adjective}"),
    ("start|starts|started", "early"),
    ("finish|finishes|finished", "{task}"),
    ("study|studies|studied", "{subject}"),
    ("watch|watches|watched", "{show}"),
    ("listen|listens|listened", "to {audio}"),
    ("talk|talks|talked", "to {person}"),
    ("push|pushes|pushed", "{a_thing}"),
    ("polish|polishes|polished", "{a_thing}"),
    ("escape|escapes|escaped", "from {place}"),
    ("ignore|ignores|ignored", "{person}"),
    ("whisper|whispers|whispered", "to {person}"),
    ("steal|steals|stole", "{a_thing}"),
    ("knit|knits|knitted", "socks"),
)
_ACTIONS_HELD: Final = (
    ("paint|paints|painted", "{a_thing}"),
    ("teach|teaches|taught", "{subject}"),
    ("travel|travels|travelled", "to {place}"),
    ("borrow|borrows|borrowed", "{a_thing}"),
    ("hide|hides|hid", "behind {place}"),
    ("smile|smiles|smiled", "at {person}"),
    ("throw|throws|threw", "{a_thing}"),
    ("visit|visits|visited", "{person}"),
)
_THINKING: Final = (
    ("think|thinks|thought", ""),
    ("believe|believes|believed", ""),
    ("know|knows|knew", ""),
    ("say|says|said", ""),
    ("hope|hopes|hoped", ""),
    ("guess|guesses|guessed", ""),
    ("feel|feels|felt", ""),
    ("hear|hears|heard", ""),
    ("admit|admits|admitted", ""),
    ("insist|insists|insisted", ""),
    ("agree|agrees|agreed", ""),
    ("understand|understands|understood", ""),
    ("notice|notices|noticed", ""),
    ("remember|remembers|remembered", ""),
    ("forget|forgets|forgot", ""),
    ("explain|explains|explained", " to {object_pronoun}"),
    ("tell|tells|told", " {object_pronoun}"),
    ("show|shows|showed", " {object_pronoun}"),
    ("remind|reminds|reminded", " {person}"),
    ("find out|finds out|found out", ""),
    ("point out|points out|pointed out", ""),
    ("write|writes|wrote", " to {person}"),
    ("see|sees|saw", ""),
    ("argue|argues|argued", ""),
    ("notify|notifies|notified", " {object_pronoun}"),
    ("conclude|concludes|concluded", ""),
    ("confess|confesses|confessed", " to {the_people}"),
    ("pretend|pretends|pretended", ""),
    ("declare|declares|declared", ""),
)
_THINKING_HELD: Final = (
    ("suspect|suspects|suspected", ""),
    ("realise|realises|realised", ""),
    ("mention|mentions|mentioned", " to {person}"),
    ("swear|swears|swore", ""),
    ("read|reads|read", " in {place}"),
    ("convince|convinces|convinced", " {object_pronoun}"),
)
_STATES: Final = (
    "sure", "{invented}", "{invented}", "of the {invented}", "certain", "glad", "afraid", "happy", "sorry",
    "surprised", "proud of the fact", "angry", "sad",
    "convinced", "pleased", "told", "{adjective}", "not sure", "quite sure",
    "astonished", "of the view", "adamant", "embarrassed", "horrified",
)  # fmt: skip
_STATES_HELD: Final = ("aware", "delighted", "positive", "worried", "confident")
_IMPERSONAL: Final = (
    "it is true that", "it is {adjective} that", "it is {invented} that", "the {invented} is that",
    "my {invented} is that", "it was {invented} that", "there is a {invented} that", "it {invented}s that",
    "it is clear that", "it seems that", "it looks as if", "it is a pity that",
    "the problem is that", "the truth is that", "it was clear that", "everybody knows that", "nobody knows that",
    "there is no doubt that", "it is possible that", "the good news is that", "don't forget that",
    "remember that", "note that", "believe me,", "did you know that", "do you think that", "I have heard that",
    "what I mean is that", "it turns out that", "you can see that", "I would say that", "they say that",
    "listen,", "look,", "as you know,", "as you can see,", "if you ask me,", "I must say that",
    "let me tell you that", "I was told that", "people say that", "{person} has told me that",
    "I am going to tell you that", "you will see that", "the point is that", "I can tell you that",
    "it is common knowledge that", "my theory is that", "evidence suggests that", "here is the catch:",
    "it is a miracle that", "you may recall that", "the label states that", "it strikes me that",
)  # fmt: skip
_IMPERSONAL_HELD: Final = (
    "it is obvious that", "it appears that", "the fact is that", "rumour has it that", "imagine that",
    "I have no doubt that", "my guess is that", "it goes without saying that", "I bet that",
)  # fmt: skip
_PLAIN: Final = (
    "to be honest,", "in my opinion,", "of course,", "after lunch,", "in fact,", "at home,", "in general,",
    "thanks to {person},", "with {person},", "in {place},", "for {person},", "like {person},", "at {place},",
    "well,", "yes,", "no,", "{invented_adverb},", "according to {person},", "because of {a_thing},",
    "together with {the_people},", "luckily,", "sadly,", "of all {the_people},", "without {a_thing},", "also,",
    "on the one hand,", "as a child,", "before dinner,", "after {task},", "during {task},", "then", "so",
    "but", "and", "for example,", "this time,", "oh,", "by the way,", "near {place},", "instead of {person},",
    "perhaps", "{invented},", "{invented} {place},", "in {invented},", "to {object_pronoun},", "honestly,",
    "{person} and {person} aside,",
    "frankly,", "regarding {a_thing},", "in public,", "mind you,", "much to my regret,",
    "alongside {the_people},", "for lack of {things},", "outside {place},",
)  # fmt: skip
_PLAIN_HELD: Final = (
    "to my surprise,", "in the end,", "despite {a_thing},", "on the other hand,", "apart from {person},",
    "among {the_people},", "unfortunately,", "as always,", "strangely enough,",
)  # fmt: skip
_JOINING: Final = ("when", "because", "since", "although", "while", "if", "as", "after", "before", "once",
                   "even though", "whenever", "until", "as soon as", "provided that", "considering that", "the instant",
                   "on condition that")  # fmt: skip
_JOINING_HELD: Final = ("unless", "though", "wherever", "as long as")
_PLAIN_TAILS: Final = (
    "with {person}", "in {place}", "because of {a_thing}", "without {a_thing}", "for {person}", ", I think",
    ", of course", "after {task}", "near {place}", "together with {the_people}", "at {place}", "too", "again",
    "as well", "{invented} {place}", ", {invented}", "on {invented}", ", you know", "before dinner", "like {person}",
    ", my friend", "instead of {person}",
    "during {task}", ", right", "to help {person}", "in order to help {person}", ", as {person} said",
    ", according to {person}", "despite {a_thing}", "{invented_adverb}", "with {things}", "very {invented_adverb}",
    "in exchange for {a_thing}", "in the company of {the_people}", ", needless to say",
    "for the sake of {person}", ", to put it mildly", "inside {place}",
)  # fmt: skip
_PLAIN_TAILS_HELD: Final = (
    "thanks to {person}", ", I suppose", "on behalf of {person}", "along with {the_people}", ", no doubt",
    "next to {place}", "to please {person}", ", if I remember well",
)  # fmt: skip
_LINKS: Final = ("and", "but", "so", "because", "while", "when", "if", "although", "before", "after", "as", "since",
                 ", and", ", but", ", so", "even if", "until", "just as", ", which means that", ", or", "provided that",
                 "the instant", "no matter whether", ", and therefore", "in the event that")  # fmt: skip
_LINKS_HELD: Final = ("whereas", "unless", "as long as", ", yet", "so that")


# Other ways to use a plain form.
_AROUND: Final = ("will {}", "can {}", "must {}", "did not {}", "had to {}", "might {}", "wanted to {}")
_INVENTED_LINK: Final = 0.5
_CONDITIONS: Final = ("{adjective}", "in {place}", "very {adjective}", "at home")


_Verb = tuple[str, str]


def _verb(source: Source, train: tuple[_Verb, ...], held: tuple[_Verb, ...], new: tuple[_Verb, ...]) -> _Verb:
    if source.invents():
        return "|".join(invented.verb(source.rng)), source.rng.choice(("", "{a_thing}", "in {place}"))
    return source.pick(train, held, new)


def _link(source: Source, train: tuple[str, ...], held: tuple[str, ...], new: tuple[str, ...]) -> str:
    """Return a linking word, sometimes an invented one."""
    if source.invents() and source.rng.random() < _INVENTED_LINK:
        return source.rng.choice(("{}", "{}", "{} that", "now {}", "in {}", "even {}", ", {}")).format(
            invented.word(source.rng)
        )
    return source.pick(train, held, new)


def _agent(source: Source) -> tuple[str, bool]:
    """Return the subject of a side clause, and whether it is third person singular."""
    draw = source.rng.random()
    if draw < 0.35:
        return source.rng.choice(("I", "you", "we", "they")), False
    if draw < 0.5:
        return people(source), False
    if draw < 0.65:
        return source.rng.choice(("he", "she", "it", "everybody", "nobody", "somebody")), True
    return person(source), True


def _be(who: str, *, third: bool) -> tuple[str, str]:
    """Return the past and present of "be" for a subject."""
    if who == "I":
        return "was", "am"
    return ("was", "is") if third else ("were", "are")


def _said(source: Source, parts: str, *, third: bool) -> str:
    """Inflect "plain|third|past" for the subject, in a random tense."""
    plain, singular, past = parts.split("|")
    draw = source.rng.random()
    if draw < 0.45:
        return singular if third else plain
    if draw < 0.8:
        return past
    return source.rng.choice(_AROUND).format(plain)


def clause(source: Source) -> str:
    """Return a short, correct clause such as "my sister needs help"."""
    who, third = _agent(source)
    if source.rng.random() < 0.2:
        be = source.rng.choice(_be(who, third=third))
        return fill(source, f"{who} {be} {source.rng.choice(_CONDITIONS)}")
    parts, rest = _verb(source, _ACTIONS, _ACTIONS_HELD, fresh.ACTIONS)
    return fill(source, f"{who} {_said(source, parts, third=third)} {rest}".rstrip())


def _thought(source: Source) -> str:
    who, third = _agent(source)
    if source.rng.random() < 0.35:
        be = source.rng.choice(_be(who, third=third))
        return fill(source, f"{who} {be} {source.pick(_STATES, _STATES_HELD, fresh.STATES)} that")
    parts, rest = _verb(source, _THINKING, _THINKING_HELD, fresh.THINKING)
    that = source.rng.choice((" that", " that", ""))
    return fill(source, f"{who} {_said(source, parts, third=third)} {rest.strip()}".rstrip() + that)


def lead(source: Source) -> str:
    """Return text to put before a frame, ending in a comma or a linking word."""
    draw = source.rng.random()
    if draw < 0.3:
        return fill(source, source.pick(_PLAIN, _PLAIN_HELD, fresh.LEADS))
    if draw < 0.5:
        return fill(source, source.pick(_IMPERSONAL, _IMPERSONAL_HELD, fresh.IMPERSONAL))
    if draw < 0.75:
        return _thought(source)
    if draw < 0.92:
        return f"{_link(source, _JOINING, _JOINING_HELD, fresh.JOINING)} {clause(source)},"
    return f"{clause(source)}{source.rng.choice((', and', ', but', ' and', ', so', ';'))}"


def tail(source: Source) -> str:
    """Return text to put after a frame."""
    if source.rng.random() < 0.45:
        return fill(source, source.pick(_PLAIN_TAILS, _PLAIN_TAILS_HELD, fresh.TAILS))
    return f"{_link(source, _LINKS, _LINKS_HELD, fresh.LINKS)} {clause(source)}"
