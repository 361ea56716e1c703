"""How are the base model and the adapter trained?

Needs torch, which serving never imports. train.py is the command; recipe.py is what params.yaml varies; identity.py
is what a run is known by, so that an interrupted run resumes.
"""
