"""What do clients call, and what do they get back?

A task owns a path: how a request is checked, how an answer becomes a response, and how a record shows both to a judge.
The built-in task is grammar; no other module of the server knows a sentence.
"""
