"""What the judge reads of every line, and what has to hold of it, in SQL; derived from record.py.

The conditions are over columns of raw JSON, one per key, NULL where the key is missing or null.
"""

from collections.abc import Iterator, Sequence

from minieval.record.consistency import ARM_RULES, HEAD_RULES
from minieval.record.field_types import sql_condition
from minieval.record.record import HEAD, PER_ARM, SCHEMA, line_key


def columns(arms: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that are read of a line when these arms are judged."""
    head = ("schema", *(field.encode_name for field in HEAD))
    return (*head, *(line_key(field.name, arm) for arm in arms for field in PER_ARM))


def holds(arms: Sequence[str]) -> str:
    """Return the SQL that is true exactly for a record, as far as these arms are concerned."""
    return " AND ".join((*_head_conditions(), *(c for arm in arms for c in _arm_conditions(arm))))


def on_line(arm: str) -> str:
    """Return the SQL that is true where an arm served or shadowed the line's request."""
    return f"""(production_arm = '"{arm}"' OR coalesce(shadow_arm = '"{arm}"', false))"""


def quoted(key: str) -> str:
    """Return a key as SQL names its column."""
    return f'"{key}"'


def _head_conditions() -> Iterator[str]:
    yield f"coalesce(schema = '{SCHEMA}', false)"
    for field in HEAD:
        yield sql_condition(quoted(field.encode_name), field.type)
    for rule in HEAD_RULES:
        yield f"coalesce({rule.sql}, false)"


def _arm_conditions(arm: str) -> Iterator[str]:
    conditions = [sql_condition(quoted(line_key(field.name, arm)), field.type) for field in PER_ARM]
    conditions += [f"coalesce({rule.sql.format(arm=arm)}, false)" for rule in ARM_RULES]
    yield f"(NOT {on_line(arm)} OR ({' AND '.join(conditions)}))"
