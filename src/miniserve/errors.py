"""The errors of the server, one tree; each holds the values that its handler needs.

ServeError
├── SettingsError       an environment variable is unusable
├── RouteFileError      route_config.json is unusable, or names a model that cannot serve
├── ArmNotLoaded        a serving arm's model cannot be loaded
├── KeysFileError       the file of API-key hashes is unusable
├── RequestRefused      a request that never reached an assignment
└── ArmError            an arm gave no answer
    ├── ArmRaised       it raised
    ├── ArmTimeout      it ran past its deadline
    └── BadOutput       what it gave is not an answer

traffic.RouteConfigError and minieval's RecordError are ValueErrors of their own: their modules import nothing of ours.
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
    """A serving arm's model cannot be loaded, or does not answer once it is."""


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
    """An arm gave no answer: what the traffic record says of it, and what the client is told if the arm served."""

    status: ClassVar[Status] = "error"
    http_status: ClassVar[HTTPStatus] = HTTPStatus.BAD_GATEWAY


class ArmRaised(ArmError):
    """The arm raised, or its process did."""


class ArmTimeout(ArmError):
    """The arm ran past its deadline."""

    status = "timeout"
    http_status = HTTPStatus.GATEWAY_TIMEOUT


class BadOutput(ArmError):
    """What the arm gave is not an answer."""

    status = "bad_output"
