"""How are the base model and the adapter trained?

`python -m minimodel.training` is the command. A run reads its hyperparameters (recipe.py), generates its text with
minicorpus, encodes it (tokenizing.py, batches.py), trains the model of architecture.py (loop.py, objective.py,
fused.py) and leaves a bundle in models/staging (train.py, staging.py). identity.py lets an interrupted run resume. This
is the only folder that needs torch; serving never imports it.
"""
