"""The words and phrases that sentences are made of, and which of them are held out from training."""
