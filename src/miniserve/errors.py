"""The errors of the server, one tree; each holds the values that its handler needs.

ServeError
├── SettingsError       an environment variable is unusable
├── RouteFileError      route_config.json is unusable, or names a model that cannot serve
├── ArmNotLoaded        a serving arm's model cannot be loaded
├── KeysFileError       the file of API-key hashes is unusable
├── RequestRefused      a request was refused before its assignment
└── ArmError            an arm gave no answer
    ├── ArmRaised       it raised, or its process died
    ├── ArmTimeout      it ran past its deadline
    ├── ArmDropped      it could not run: still loading, or no CPU
    └── BadOutput       it returned something that is not an answer

traffic.RouteConfigError and minieval's RecordError are plain ValueErrors, because their modules import nothing of ours.
"""

from http import HTTPStatus
from typing import ClassVar

from minieval.record.statuses import Status


class ServeError(Exception):
    """The root: everything that the server raises on purpose."""


class SettingsError(ServeError):
    """An environment variable is unusable."""


class RouteFileError(ServeError):
    """The route configuration is unusable, or names a model that cannot serve."""


class ArmNotLoaded(ServeError):
    """A serving arm's model cannot be loaded, or does not answer once loaded."""


class KeysFileError(ServeError):
    """The file of API-key hashes is unusable."""


class RequestRefused(ServeError):
    """The request is refused before an assignment; the client may read `detail`."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, field: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s


class ArmError(ServeError):
    """An arm gave no answer. `status` goes into the traffic record, `http_status` to the client if the arm served.

    `reason` is the text in the record; service_ms and cpu_ms are what the run took, if the arm measured it.
    """

    status: ClassVar[Status] = "error"
    http_status: ClassVar[HTTPStatus] = HTTPStatus.BAD_GATEWAY

    def __init__(
        self, detail: str, *, reason: str | None = None, service_ms: float | None = None, cpu_ms: float | None = None
    ) -> None:
        super().__init__(detail)
        self.reason = f"{type(self).__name__}: {detail}" if reason is None else reason
        self.service_ms = service_ms
        self.cpu_ms = cpu_ms


class ArmRaised(ArmError):
    """The arm raised, its process died, or it may not start again yet."""


class ArmTimeout(ArmError):
    """The arm ran past its deadline."""

    status = "timeout"
    http_status = HTTPStatus.GATEWAY_TIMEOUT


class ArmDropped(ArmError):
    """The arm could not run: it was still loading, or it got no CPU. This says nothing about the arm."""

    status = "dropped"
    http_status = HTTPStatus.SERVICE_UNAVAILABLE


class BadOutput(ArmError):
    """The arm returned something that is not an answer."""

    status = "bad_output"
