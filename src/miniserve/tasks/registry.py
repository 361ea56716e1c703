"""The tasks that the server offers."""

from miniserve.tasks.grammar import Grammar
from miniserve.tasks.task import Task

TASKS: tuple[Task, ...] = (Grammar(),)
