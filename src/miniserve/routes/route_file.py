"""route_config.json: the only reader and writer."""

import json
import os
import stat
import tempfile
from pathlib import Path

from miniserve.errors import RouteFileError
from miniserve.traffic import DEFAULT_SALT, RouteConfig, RouteConfigError, Strategy

_MAX_ROUTE_BYTES = 64 * 1024


class RouteFile:
    """route_config.json: read when it changed, written atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> RouteConfig | None:
        """Return the configuration, or None without a file; raises RouteFileError when it is unusable."""
        self._seen = self._identity()
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):  # reading a pipe would wait for its other end
                raise RouteFileError(f"{self.path.name} is not a regular file: expected a route configuration")
            with self.path.open("rb") as file:
                text = file.read(_MAX_ROUTE_BYTES + 1)
            if len(text) > _MAX_ROUTE_BYTES:
                raise RouteFileError(
                    f"{self.path.name} is over {_MAX_ROUTE_BYTES} bytes: expected a route configuration"
                )
            return RouteConfig.parse(text)
        except FileNotFoundError:
            return None
        except RouteConfigError as error:
            raise RouteFileError(f"{self.path.name}: {error}") from error
        except OSError as error:
            raise RouteFileError(f"{self.path.name} cannot be read: {error.strerror}") from error

    def changed(self) -> bool:
        """Tell whether the file differs (by inode, size or time of change) from what `read` saw last."""
        return self._identity() != self._seen

    def write(self, config: RouteConfig) -> None:
        """Replace the file atomically: a temporary file beside it, fsync, rename. A link keeps leading to it."""
        target = self.path.resolve()
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
                file.write(_pretty(config))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _identity(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_size, found.st_mtime_ns)


def production_only(sha: str) -> RouteConfig:
    """Return what runs without a file: `single` on the registry's production model."""
    return RouteConfig(Strategy.SINGLE, DEFAULT_SALT, {"A": sha}, "A")


def _pretty(config: RouteConfig) -> str:
    return json.dumps(config.as_json(), indent=1, ensure_ascii=False) + "\n"
