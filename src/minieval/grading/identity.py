"""Which grader is in use: a hash over the code and the table that decide a grade."""

import hashlib
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[3]

GRADER_FILES: Final = {
    "data/processed/conjugation_table.json": "data/processed/conjugation_table.json",
    "minicorpus/grid.py": "src/minicorpus/grid.py",
    "minieval/grading/grammar.py": "src/minieval/grading/grammar.py",
    "minieval/grading/items.py": "src/minieval/grading/items.py",
}
"""The name under which a file is hashed, and where it lies below the repository's root."""

PREDECESSORS: Final = frozenset(
    {
        # Revision db44814, before the grader's files moved into minieval.grading.
        "c20b97ccebd78a0614567108e90a31168580e21ced2a9b3557f4b2d235f24e28",
    }
)
"""Identities of earlier graders that gave every grade that the present one gives, as test_same_grades.py shows.

A change that alters any grade empties this table.
"""


def same_grades(one: str, other: str) -> bool:
    """Tell whether two identities name the same grader, or the present one and a predecessor of it."""
    return one == other or {one, other} <= {grader_sha(), *PREDECESSORS}


def grader_sha(repository: Path = REPOSITORY) -> str:
    """Return the SHA-256 of the grader below a repository's root; raises OSError if a file is missing.

    Over the names, sorted: name and bytes of each file, both preceded by their length as 8 bytes big-endian,
    line ends as LF, so that a check-out on another system keeps the identity.
    """
    # Lengths before contents, so that moving a byte from one file to the next cannot give the same hash.
    digest = hashlib.sha256()
    for name in sorted(GRADER_FILES):
        for part in (name.encode(), _content(repository, name)):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def grader_files(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return the SHA-256 of each of the grader's files by its name, line ends as LF: which one differs, if one does."""
    return {name: hashlib.sha256(_content(repository, name)).hexdigest() for name in sorted(GRADER_FILES)}


def _content(repository: Path, name: str) -> bytes:
    return (repository / GRADER_FILES[name]).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
