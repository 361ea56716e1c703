"""What the type of a key demands of its value: in words for errors, and in SQL for the judge.

The SQL is over a column of raw JSON (`"ok"` with its quotes, NULL where the key is missing or null) and true exactly
where msgspec would take the value.
"""

from msgspec import inspect

from minieval.record.record import END, EXPECTED


def expected(kind: object) -> str:
    """Return what is expected of a value of this type.

    >>> expected(bool | None)
    'true or false, or null'
    """
    said, nullable, inner = _understood(kind)
    if said is None:
        match inner:
            case inspect.StrType():
                said = "text"
            case inspect.BoolType():
                said = "true or false"
            case inspect.LiteralType(values=values):
                said = ", ".join(map(str, values))
            case _:
                raise TypeError(f"{inner} says nothing about what is expected: give it `{EXPECTED}`")
    return f"{said}, or null" if nullable else said


def sql_condition(column: str, kind: object) -> str:
    """Return the SQL that is true exactly where a column of raw JSON has a value of this type."""
    _, nullable, inner = _understood(kind)
    condition = f"coalesce({_sql(column, inner)}, false)"
    return f"({column} IS NULL OR {condition})" if nullable else condition


def _understood(kind: object) -> tuple[str | None, bool, inspect.Type]:
    """Return what the metadata say is expected, whether null is allowed, and the type without both."""
    said: str | None = None
    nullable = False
    inner = inspect.type_info(kind)
    while isinstance(inner, inspect.Metadata | inspect.UnionType):
        if isinstance(inner, inspect.Metadata):
            said = (inner.extra or {}).get(EXPECTED, said)
            inner = inner.type
        else:
            nullable = True
            (inner,) = (member for member in inner.types if not isinstance(member, inspect.NoneType))
    return said, nullable, inner


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
            # 100.0 and 1e2 are no whole numbers to msgspec. A HUGEINT holds any number that the limits allow.
            number = f"try_cast({column}::VARCHAR AS HUGEINT) BETWEEN {low} AND {high}"
            return f"regexp_full_match({column}, '-?[0-9]+') AND {number}"
        case inspect.FloatType(ge=low, le=high):
            return f"try_cast({column}::VARCHAR AS DOUBLE) BETWEEN {low} AND {high}"
        case inspect.DictType(key_type=names, value_type=values):
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
