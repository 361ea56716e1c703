"""The real server with metrics that do nothing. There is no setting for this, because no operator needs it."""

import sys

from prometheus_client.metrics import MetricWrapperBase

from miniobserve.metrics.metrics import Metrics
from miniserve import command as server


class Nothing:
    """A metric that accepts every call and does nothing."""

    def labels(self, *_: object, **__: object) -> "Nothing":
        """Return itself."""
        return self

    def inc(self, *_: object, **__: object) -> None:
        """Do nothing."""

    set = observe = clear = inc


class Unmetered(Metrics):
    """The server's metrics, all replaced by Nothing."""

    def __init__(self) -> None:
        super().__init__()
        for name, value in list(vars(self).items()):
            if isinstance(value, MetricWrapperBase):
                setattr(self, name, Nothing())


if __name__ == "__main__":
    server.Metrics = Unmetered  # type: ignore[attr-defined]  # the one thing that differs
    sys.exit(server.main([]))
