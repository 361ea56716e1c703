"""What a model is: its bundle and identity, its training, its edits, and the engine that runs it."""
