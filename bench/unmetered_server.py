"""The real server, whose metrics count nothing: there is no setting for that, because no operator wants it."""

import sys

from prometheus_client.metrics import MetricWrapperBase

from miniobserve.metrics.metrics import Metrics
from miniserve import command as server


class Nothing:
    """A metric that takes everything and keeps nothing."""

    def labels(self, *_: object, **__: object) -> "Nothing":
        """Have no labels."""
        return self

    def inc(self, *_: object, **__: object) -> None:
        """Count nothing."""

    set = observe = clear = inc


class Unmetered(Metrics):
    """The server's metrics, none of which counts."""

    def __init__(self) -> None:
        super().__init__()
        for name, value in list(vars(self).items()):
            if isinstance(value, MetricWrapperBase):
                setattr(self, name, Nothing())


if __name__ == "__main__":
    server.Metrics = Unmetered  # type: ignore[attr-defined]  # the one thing that differs
    sys.exit(server.main([]))
