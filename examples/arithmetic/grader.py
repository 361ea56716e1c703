"""Whether an answer is the number that was asked for, and if not, in which way it is wrong."""


def grade(item: dict[str, str], answer: str) -> bool | str:
    """Return True for the right number, else the name of the error; item is the question's line."""
    expected = int(item["expected"])
    try:
        given = int(answer)
    except ValueError:
        return "not a number"
    if given == expected:
        return True
    return "wrong sign" if given == -expected else "wrong number"
