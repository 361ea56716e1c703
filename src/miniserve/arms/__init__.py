"""What can answer a request?

An arm is a model bound to its SHA. It is asked a prompt and gives an answer, or raises an ArmError that says why not.
Any arm can serve or shadow; arm.py has the protocol. engine.py is an engine in this process. Where an arm runs is
hosting's business, what happens around it when it shadows is shadow's.
"""
