"""The checks on every line: in words for error messages, and in SQL for the judge. Both are derived from record.py.

The SQL works on columns of raw JSON, one per key (`"ok"` with its quotes, NULL if the key is missing or null). A
condition is true exactly where the server's reader would accept the value.
"""

from collections.abc import Iterator, Sequence

from msgspec import inspect

from minieval.record.consistency import ARM_RULES, HEAD_RULES
from minieval.record.record import END, EXPECTED, HEAD, PER_ARM, SCHEMA, line_key


def columns(arms: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of a line that are read when these arms are judged."""
    head = ("schema", *(field.encode_name for field in HEAD))
    return (*head, *(line_key(field.name, arm) for arm in arms for field in PER_ARM))


def holds(arms: Sequence[str]) -> str:
    """Return the SQL that is true exactly if a line is a valid record as far as these arms are concerned."""
    return " AND ".join((*_head_conditions(), *(c for arm in arms for c in _arm_conditions(arm))))


def on_line(arm: str) -> str:
    """Return the SQL that is true if an arm served or shadowed the line's request."""
    return f"""(production_arm = '"{arm}"' OR coalesce(shadow_arm = '"{arm}"', false))"""


def quoted(key: str) -> str:
    """Return a key as SQL names its column."""
    return f'"{key}"'


def expected(kind: object) -> str:
    """Return the phrase that describes valid values of this type.

    >>> expected(bool | None)
    'true or false, or null'
    """
    phrase, nullable, inner = _unwrapped(kind)
    if phrase is None:
        match inner:
            case inspect.StrType():
                phrase = "text"
            case inspect.BoolType():
                phrase = "true or false"
            case inspect.LiteralType(values=values):
                phrase = ", ".join(map(str, values))
            case _:
                raise TypeError(f"{inner} says nothing about what is expected: give it `{EXPECTED}`")
    return f"{phrase}, or null" if nullable else phrase


def _head_conditions() -> Iterator[str]:
    # coalesce: in SQL a comparison with NULL is NULL, and NOT NULL would not refuse the line.
    yield f"coalesce(schema = '{SCHEMA}', false)"
    for field in HEAD:
        yield _sql_condition(quoted(field.encode_name), field.type)
    for rule in HEAD_RULES:
        yield f"coalesce({rule.sql}, false)"


def _arm_conditions(arm: str) -> Iterator[str]:
    conditions = [_sql_condition(quoted(line_key(field.name, arm)), field.type) for field in PER_ARM]
    conditions += [f"coalesce({rule.sql.format(arm=arm)}, false)" for rule in ARM_RULES]
    yield f"(NOT {on_line(arm)} OR ({' AND '.join(conditions)}))"


def _sql_condition(column: str, kind: object) -> str:
    """Return the SQL that is true exactly if a column of raw JSON has a value of this type."""
    _, nullable, inner = _unwrapped(kind)
    condition = f"coalesce({_sql(column, inner)}, false)"
    return f"({column} IS NULL OR {condition})" if nullable else condition


def _unwrapped(kind: object) -> tuple[str | None, bool, inspect.Type]:
    """Return the phrase from the metadata, whether null is allowed, and the type itself."""
    phrase: str | None = None
    nullable = False
    inner = inspect.type_info(kind)
    while isinstance(inner, inspect.Metadata | inspect.UnionType):
        if isinstance(inner, inspect.Metadata):
            phrase = (inner.extra or {}).get(EXPECTED, phrase)
            inner = inner.type
        else:
            nullable = True
            (inner,) = (member for member in inner.types if not isinstance(member, inspect.NoneType))
    return phrase, nullable, inner


def _sql(column: str, kind: inspect.Type) -> str:
    match kind:
        case inspect.StrType(pattern=None):
            return f"starts_with({column}, '\"')"
        case inspect.StrType():
            return f"regexp_full_match({column}, '{_quoted_pattern(kind)}')"
        case inspect.BoolType():
            return f"{column} IN ('true', 'false')"
        case inspect.LiteralType(values=values):
            return f"{column} IN ({', '.join(_literal(value) for value in values)})"
        case inspect.IntType(ge=low, le=high):
            # msgspec does not accept 100.0 and 1e2 as integers. try_cast gives NULL beyond a HUGEINT, which is refused.
            number = f"try_cast({column}::VARCHAR AS HUGEINT) BETWEEN {low} AND {high}"
            return f"regexp_full_match({column}, '-?[0-9]+') AND {number}"
        case inspect.FloatType(ge=low, le=high):
            return f"try_cast({column}::VARCHAR AS DOUBLE) BETWEEN {low} AND {high}"
        case inspect.DictType(key_type=names, value_type=values):
            # One pattern for the whole object: SQL has no short way to check every key and value of a JSON object.
            member = rf"\s*{_quoted_pattern(names)}\s*:\s*{_quoted_pattern(values)}\s*"
            return rf"regexp_full_match({column}, '\{{({member}(,{member})*|\s*)\}}')"
        case _:
            raise TypeError(f"no SQL for {kind}: add it here")


def _quoted_pattern(kind: inspect.Type) -> str:
    """Return the pattern of a JSON string of this type."""
    inner = kind
    while isinstance(inner, inspect.Metadata):
        inner = inner.type
    if not isinstance(inner, inspect.StrType) or inner.pattern is None:
        raise TypeError(f"{kind} has no pattern")
    return f'"({inner.pattern.removeprefix("^").removesuffix(END)})"'


def _literal(value: object) -> str:
    return f"'\"{value}\"'" if isinstance(value, str) else f"'{value}'"
