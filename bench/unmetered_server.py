"""The real server with metrics that count nothing. Only the bench needs it, so the server has no setting for it."""

import sys

from miniobserve.metrics.instruments import Counter, Histogram, LabelledCounter, LabelledHistogram
from miniobserve.metrics.metrics import Metrics
from miniserve import command as server


class NullMetric:
    """A metric that accepts every call and stores nothing."""

    def labels(self, *_: object) -> "NullMetric":
        """Return this metric for any label values."""
        return self

    def inc(self, *_: object, **__: object) -> None:
        """Do nothing."""

    observe = inc


class Unmetered(Metrics):
    """The server's metrics, none of which counts anything."""

    def __init__(self) -> None:
        super().__init__()
        for name, value in list(vars(self).items()):
            if isinstance(value, Counter | Histogram | LabelledCounter | LabelledHistogram):
                setattr(self, name, NullMetric())


if __name__ == "__main__":
    server.Metrics = Unmetered  # type: ignore[attr-defined]  # the only difference
    sys.exit(server.main([]))
