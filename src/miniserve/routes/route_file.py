"""route_config.json: the only reader and writer."""

import json
from pathlib import Path

from minieval.files import write_atomically
from minimodel.small_files import FileVersion, UnusableFile, read_version
from miniserve.errors import RouteFileError
from miniserve.traffic import DEFAULT_SALT, RouteConfig, RouteConfigError, Strategy

# A configuration of a hundred arms takes 10 KB.
_MAX_ROUTE_BYTES = 64 * 1024

# The result of reading the file: its version, None without a file, or why it cannot be read.
_Found = FileVersion | str | None


class RouteFile:
    """route_config.json; remembers the version that `read` saw last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last_read: _Found = "not read yet"

    def read(self) -> RouteConfig | None:
        """Return the configuration, or None without a file; raises RouteFileError if it is unusable."""
        # Remembered even if it is unusable, so that a bad file is reported once and not at every poll.
        found = self._last_read = self._look()
        if found is None:
            return None
        if isinstance(found, str):
            raise RouteFileError(f"{self.path.name} {found}")
        try:
            return RouteConfig.parse(found.content)
        except RouteConfigError as error:
            raise RouteFileError(f"{self.path.name}: {error}") from error

    def changed(self) -> bool:
        """Return whether the file differs from what `read` saw last, or was never read."""
        return self._look() != self._last_read

    def write(self, config: RouteConfig) -> None:
        """Replace the file atomically; raises OSError."""
        write_atomically(
            self.path, (json.dumps(config.as_json(), indent=1, ensure_ascii=False) + "\n").encode(), durable=True
        )

    def _look(self) -> _Found:
        try:
            return read_version(self.path, _MAX_ROUTE_BYTES)
        except FileNotFoundError:
            return None
        except UnusableFile as error:
            return f"is {error.strerror}: expected a route configuration"
        except OSError as error:
            return f"cannot be read: {error.strerror}"


def production_only(sha: str) -> RouteConfig:
    """Return the configuration of a server without a file: `single` with the registry's production model."""
    return RouteConfig(Strategy.SINGLE, DEFAULT_SALT, {"A": sha}, "A")
