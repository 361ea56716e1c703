"""What can answer a request?

An arm is a model bound to its SHA. It takes a prompt and returns an answer, or raises an ArmError that says why not.
Any arm can serve or shadow; arm.py has the protocol. engine.py runs an engine in this process. hosting/ runs an arm in
a process of its own; shadow/ runs any arm in the shadow.
"""
