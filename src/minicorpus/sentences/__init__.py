"""How are example sentences built? Frames, clauses, times and complements around a verb form."""
