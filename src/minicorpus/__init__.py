"""The domain: the conjugation grid, the mistakes learners make in it, and sentences that show both."""
