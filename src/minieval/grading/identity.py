"""Identifies the grader by a hash over the code and the table that determine a grade."""

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
"""The name under which each file is hashed, and its path in the repository."""

PREDECESSORS: Final = frozenset(
    {
        # Revision db44814, before the grader's files moved into minieval.grading.
        "c20b97ccebd78a0614567108e90a31168580e21ced2a9b3557f4b2d235f24e28",
    }
)
"""Identities of earlier graders that gave the same grades as the present one, as test_same_grades.py shows.

Empty this table when a change alters any grade.
"""


def same_grades(one: str, other: str) -> bool:
    """Tell whether two identities name the same grader, or the present one and one of its predecessors."""
    return one == other or {one, other} <= {grader_sha(), *PREDECESSORS}


def grader_sha(repository: Path = REPOSITORY) -> str:
    """Return the SHA-256 of the grader in a repository; raises OSError if a file is missing.

    It covers the name and the bytes of each file, sorted by name, each preceded by its length as 8 bytes big-endian.
    Line ends count as LF, so that a checkout on another system keeps the identity.
    """
    # Lengths before contents, so that moving a byte from one file to the next cannot give the same hash.
    digest = hashlib.sha256()
    for name in sorted(GRADER_FILES):
        for part in (name.encode(), _content(repository, name)):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def grader_files(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return the SHA-256 of each of the grader's files by name, with LF line ends, to show which file differs."""
    return {name: hashlib.sha256(_content(repository, name)).hexdigest() for name in sorted(GRADER_FILES)}


def _content(repository: Path, name: str) -> bytes:
    return (repository / GRADER_FILES[name]).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
