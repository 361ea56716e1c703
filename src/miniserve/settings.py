"""The server's settings: its `LYNX_` environment variables with their defaults, meanings and bounds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from miniserve.errors import SettingsError

PREFIX = "LYNX_"
# int() alone would also take "1_000", " 7" and other alphabets' digits; nine digits keep it from reading long numbers.
_WHOLE = re.compile(r"[0-9]{1,9}")


def _about(meaning: str, parse: Callable[[str], object]) -> dict[str, object]:
    return {"meaning": meaning, "parse": parse}


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _choice(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return text

    return parse


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def _some_text(text: str) -> str:
    if not text.strip():
        raise ValueError("some text")
    return text


def _path(text: str) -> Path:
    return Path(_some_text(text))


@dataclass(frozen=True)
class Settings:
    """Every setting of the server; `LYNX_` plus the upper-case name is its environment variable."""

    host: str = field(default="127.0.0.1", metadata=_about("address that clients connect to", _some_text))
    port: int = field(
        default=8080, metadata=_about("port that clients connect to; 0 picks a free one", _whole(0, 65535))
    )
    metrics_port: int = field(
        default=9464, metadata=_about("loopback port of metrics and details; 0 picks a free one", _whole(0, 65535))
    )
    state_dir: Path = field(
        default=Path("state"),
        metadata=_about("folder of traffic.log and its journal (keep both together), spans and server.json", _path),
    )
    traffic_log: Path | None = field(
        default=None,
        metadata=_about("file of the traffic records, - for stdout; unset: traffic.log in the state folder", _path),
    )
    route_config: Path = field(
        default=Path("route_config.json"), metadata=_about("the route configuration, polled for changes", _path)
    )
    workers: int = field(
        default=1,
        metadata=_about(
            "server processes; with more than one, a parent process restarts those that exit", _whole(1, 64)
        ),
    )
    models_dir: Path = field(default=Path("models"), metadata=_about("folder of bundles and registry.json", _path))
    keys_file: Path | None = field(
        default=None, metadata=_about("SHA-256 hashes of API keys, one per line; unset: no key is required", _path)
    )
    rate_per_s: int = field(
        default=0,
        metadata=_about("requests per second and API key or client address; 0: no limit", _whole(0, 1_000_000)),
    )
    trust_traceparent: bool = field(
        default=True, metadata=_about("1 continues the client's W3C traceparent, 0 starts a trace", _switch)
    )
    engine_threads: int = field(
        default=2, metadata=_about("requests that the production arm computes at once, one core each", _whole(1, 64))
    )
    max_inflight: int = field(
        default=64,
        metadata=_about(
            "requests processed at once, fewer under overload; above it 503 with Retry-After",
            _whole(1, 10_000),
        ),
    )
    max_connections: int = field(
        default=800,
        metadata=_about("open connections per process; above it 503 with Retry-After", _whole(1, 100_000)),
    )
    head_ms: int = field(
        default=10_000, metadata=_about("time limit for a client to send its headers; then 408", _whole(1, 600_000))
    )
    body_ms: int = field(
        default=5_000, metadata=_about("time limit for a client to send its body; then 408", _whole(1, 600_000))
    )
    deadline_ms: int = field(
        default=2_000, metadata=_about("time limit of the production arm; then 504", _whole(1, 600_000))
    )
    shadow_timeout_ms: int = field(
        default=2_000, metadata=_about("time limit of the shadow arm for one request", _whole(1, 600_000))
    )
    shadow_load_ms: int = field(
        default=60_000, metadata=_about("time limit for the shadow arm to load", _whole(1, 600_000))
    )
    shadow_queue: int = field(
        default=256,
        metadata=_about("shadow runs waiting or computing; above it they are dropped", _whole(1, 100_000)),
    )
    shadow_memory_mb: int = field(
        default=2_048, metadata=_about("address space limit of the shadow's process", _whole(64, 65_536))
    )
    drain_ms: int = field(
        default=5_000,
        metadata=_about("time limit for running shadows at shutdown; then they are cancelled", _whole(0, 600_000)),
    )
    log_level: str = field(
        default="info", metadata=_about("debug, info, warning or error", _choice("debug", "info", "warning", "error"))
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the `LYNX_` variables; raises SettingsError for an unknown name or an unusable value."""
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environ.items():
            if not name.startswith(PREFIX):
                continue
            # A misspelt variable would otherwise leave its default in force, and nobody would notice.
            if name not in known:
                raise SettingsError(f"unknown setting {name}: expected one of {', '.join(sorted(known))}")
            values[known[name].name] = cls._parsed(known[name], name, text)
        return cls(**values)

    @property
    def log_path(self) -> Path:
        """Where traffic records go; Path("-") is stdout."""
        return self.traffic_log or self.state_dir / "traffic.log"

    def with_workers(self, text: str) -> "Settings":
        """Return the settings with `--workers` applied; raises SettingsError for an unusable value."""
        (item,) = (item for item in fields(self) if item.name == "workers")
        return replace(self, workers=self._parsed(item, "--workers", text))

    @staticmethod
    def _parsed(item: "Field[Any]", name: str, text: str) -> Any:  # noqa: ANN401 - as the field is declared
        try:
            return item.metadata["parse"](text)
        except ValueError as error:
            # A parser's message is what was expected, so that all refusals read alike.
            raise SettingsError(f"{name} is {text!r}: expected {error}") from None
