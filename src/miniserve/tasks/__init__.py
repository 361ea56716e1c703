"""What do clients call, and what do they get back?

A task owns a path: how a request is checked, how an answer becomes a reply, and what the OpenAPI description says
(task.py has the protocol). registry.py lists the tasks that the server offers; the built-in one is grammar. No other
module of the server knows what a prompt means.
"""
