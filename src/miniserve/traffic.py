"""The stateless router: which arm answers a request, and which one shadows it.

Standard library only, and pure: a decision depends on the request id and the route configuration, and on nothing else.
Other modules read the configuration file, load arms and serve.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import assert_never

SCHEMA = 1
DEFAULT_SALT = "prod-2026-05"
# No underscore, because a name becomes part of record keys ("latency_ms_B") and of "shadow_B".
ARM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")
SHA = re.compile(r"[0-9a-f]{64}")
_KEYS = frozenset(
    {"schema", "strategy", "salt", "arms", "production_arm", "shadow_arm", "shadow_percent", "canary_percent"}
)


class RouteConfigError(ValueError):
    """A route configuration is unusable; the message names the key, the value and what was expected."""


class Strategy(StrEnum):
    """How requests are divided between the arms."""

    SINGLE = "single"
    SHADOW = "shadow"
    AB = "ab"
    CANARY = "canary"


@dataclass(frozen=True)
class RouteConfig:
    """The arms by name and SHA, and how requests are assigned to them.

    Percentages are 0 to 100 and are rounded to hundredths. Raises RouteConfigError on any field that is unusable.
    """

    strategy: Strategy
    salt: str
    arms: Mapping[str, str]
    production_arm: str
    shadow_arm: str | None = None
    shadow_percent: float = 100
    canary_percent: float = 0
    schema: int = field(default=SCHEMA)

    def __post_init__(self) -> None:
        """Check every field, and freeze the arms."""
        # The usual way to set a field of a frozen dataclass.
        object.__setattr__(self, "strategy", _strategy(self.strategy))
        object.__setattr__(self, "arms", MappingProxyType(_arms(self.arms)))
        if type(self.schema) is not int or self.schema != SCHEMA:
            raise RouteConfigError(f"schema is {self.schema!r}: expected {SCHEMA}")
        _text("salt", self.salt)
        self._check_arm("production_arm", self.production_arm)
        if self.shadow_arm is not None:
            self._check_arm("shadow_arm", self.shadow_arm)
            if self.shadow_arm == self.production_arm:
                raise RouteConfigError(
                    f"shadow_arm is {self.shadow_arm!r}, the production arm: expected another arm "
                    "(two arms may share a SHA)"
                )
        self._check_arms_of_strategy()
        _percent("shadow_percent", self.shadow_percent)
        _percent("canary_percent", self.canary_percent)

    def _check_arms_of_strategy(self) -> None:
        match self.strategy:
            case Strategy.SINGLE:
                pass
            case Strategy.SHADOW | Strategy.CANARY:
                self._second_arm()
            case Strategy.AB:
                if len(self.arms) < 2:
                    raise RouteConfigError(f"arms has {len(self.arms)} arm: strategy 'ab' needs at least 2")
            case unreachable:
                assert_never(unreachable)

    def _second_arm(self) -> str:
        """Return the arm beside the production arm, for the strategies that need one."""
        if self.shadow_arm is None:
            raise RouteConfigError(f"shadow_arm is missing: strategy {str(self.strategy)!r} needs it")
        return self.shadow_arm

    def _check_arm(self, key: str, name: object) -> None:
        if not isinstance(name, str) or name not in self.arms:
            raise RouteConfigError(f"{key} is {name!r}: expected one of the arms {', '.join(sorted(self.arms))}")

    @classmethod
    def parse(cls, text: str | bytes) -> "RouteConfig":
        """Read the JSON of route_config.json; raises RouteConfigError for anything but a usable configuration."""
        try:
            raw = json.loads(text, object_pairs_hook=_unique_keys)
        except RouteConfigError:
            raise
        except (ValueError, RecursionError) as error:
            raise RouteConfigError(f"not JSON: {error}") from error
        if not isinstance(raw, dict):
            raise RouteConfigError(f"the configuration is {_shown(raw)}: expected a JSON object")
        if unknown := sorted(raw.keys() - _KEYS):
            raise RouteConfigError(f"unknown key {unknown[0]!r}: expected {', '.join(sorted(_KEYS))}")
        for key in ("strategy", "salt", "arms", "production_arm"):
            if key not in raw:
                raise RouteConfigError(f"{key} is missing: a route configuration needs it")
        return cls(**raw)

    @property
    def shadow_hundredths(self) -> int:
        """The shadowed share in hundredths of a percent, 0 to 10,000."""
        return round(self.shadow_percent * 100)

    @property
    def canary_hundredths(self) -> int:
        """The canary's share in hundredths of a percent, 0 to 10,000."""
        return round(self.canary_percent * 100)

    @cached_property
    def arm_names(self) -> tuple[str, ...]:
        """The names of the arms, sorted: the order that `ab` indexes."""
        return tuple(sorted(self.arms))

    @cached_property
    def serving_arms(self) -> tuple[str, ...]:
        """The arms that can answer a client under this configuration."""
        match self.strategy:
            case Strategy.SINGLE | Strategy.SHADOW:
                return (self.production_arm,)
            case Strategy.AB:
                return self.arm_names
            case Strategy.CANARY:
                return (self.production_arm, self._second_arm())
            case unreachable:
                assert_never(unreachable)

    @cached_property
    def shadowing_arm(self) -> str | None:
        """The arm that runs in the shadow under this configuration, if any."""
        match self.strategy:
            case Strategy.SHADOW:
                return self._second_arm()
            case Strategy.SINGLE | Strategy.AB | Strategy.CANARY:
                return None
            case unreachable:
                assert_never(unreachable)

    @cached_property
    def shares(self) -> dict[str, float]:
        """The share of the requests, 0 to 1, that each arm should get, keyed as in `traffic.arm`."""
        match self.strategy:
            case Strategy.SINGLE:
                return {self.production_arm: 1.0}
            case Strategy.SHADOW:
                return {self.production_arm: 1.0, shadow_label(self._second_arm()): self.shadow_hundredths / 10_000}
            case Strategy.AB:
                return {name: 1 / len(self.arms) for name in self.arm_names}
            case Strategy.CANARY:
                canary = self.canary_hundredths / 10_000
                return {self.production_arm: 1 - canary, self._second_arm(): canary}
            case unreachable:
                assert_never(unreachable)

    @cached_property
    def config_sha(self) -> str:
        """SHA-256 of the canonical JSON, defaults filled in and percentages in integer hundredths."""
        canonical = json.dumps(
            {
                **self.as_json(),
                "shadow_percent": self.shadow_hundredths,
                "canary_percent": self.canary_hundredths,
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Return the configuration as route_config.json holds it, defaults filled in."""
        return {
            "schema": self.schema,
            "strategy": str(self.strategy),
            "salt": self.salt,
            "arms": dict(self.arms),
            "production_arm": self.production_arm,
            "shadow_arm": self.shadow_arm,
            "shadow_percent": self.shadow_percent,
            "canary_percent": self.canary_percent,
        }


@dataclass(frozen=True)
class Assignment:
    """What the router decided for one request."""

    request_id: str
    strategy: Strategy
    production_arm: str
    shadow_arm: str | None
    salt: str


def shadow_label(arm: str) -> str:
    """Return the value of `traffic.arm` for an arm that shadows; for an arm that serves, it is the arm's name."""
    return f"shadow_{arm}"


def unit_hash(domain: str, salt: str, request_id: str) -> int:
    """Return 64 bits of SHA-256 over the three strings, each preceded by its UTF-8 length as 4 bytes big-endian.

    The length prefixes keep ("a", "bc") and ("ab", "c") apart.
    """
    digest = hashlib.sha256()
    # Python's own hash() differs between processes.
    for part in (domain, salt, request_id):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return int.from_bytes(digest.digest()[:8], "big")


def assign(request_id: str, route_config: RouteConfig) -> Assignment:
    """Decide which arm answers the request and which one shadows it; within a salt epoch an id keeps its arms."""
    production_arm = route_config.production_arm
    shadow_arm = None
    match route_config.strategy:
        case Strategy.SINGLE:
            pass
        case Strategy.SHADOW:
            if unit_hash("shadow", route_config.salt, request_id) % 10_000 < route_config.shadow_hundredths:
                shadow_arm = route_config.shadowing_arm
        case Strategy.AB:
            names = route_config.arm_names
            production_arm = names[unit_hash("assign", route_config.salt, request_id) % len(names)]
        case Strategy.CANARY:
            # One bucket of 10,000 per hundredth of a percent: raising the percentage only adds ids to the canary.
            if unit_hash("assign", route_config.salt, request_id) % 10_000 < route_config.canary_hundredths:
                _, production_arm = route_config.serving_arms
        case unreachable:
            assert_never(unreachable)
    return Assignment(request_id, route_config.strategy, production_arm, shadow_arm, route_config.salt)


def _strategy(value: object) -> Strategy:
    try:
        return Strategy(value)  # type: ignore[arg-type]  # any JSON value may be here; the enum refuses it
    except ValueError:
        expected = ", ".join(Strategy)
        raise RouteConfigError(f"unknown strategy {_shown(value)}: expected {expected}") from None


def _arms(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise RouteConfigError(f"arms is {_shown(value)}: expected an object of arm name to model SHA")
    for name, sha in value.items():
        if not isinstance(name, str) or not ARM_NAME.fullmatch(name):
            raise RouteConfigError(
                f"unknown arm name {_shown(name)}: expected a letter, then up to 31 letters or digits"
            )
        if isinstance(sha, Mapping):
            raise RouteConfigError(f"arms.{name} is an object: not supported yet, expected a model SHA")
        if not isinstance(sha, str) or not SHA.fullmatch(sha):
            raise RouteConfigError(f"arms.{name} is {_shown(sha)}: expected 64 lower-case hexadecimal digits")
    # The judge's database has a column per arm and key, and column names ignore case.
    if len({name.lower() for name in value}) < len(value):
        raise RouteConfigError(f"arms are {', '.join(value)}: expected names that differ in more than case")
    return dict(value)


def _text(key: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise RouteConfigError(f"{key} is {_shown(value)}: expected a non-empty string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RouteConfigError(f"{key} is {_shown(value)}: expected text without lone surrogates") from None


def _percent(key: str, value: object) -> None:
    # This also refuses NaN, which no comparison accepts.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise RouteConfigError(f"{key} is {_shown(value)}: expected a number from 0 to 100")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise RouteConfigError(f"{_shown(key)} appears twice: expected each key once")
        found[key] = value
    return found


def _shown(value: object) -> str:
    shown = repr(value)
    # An error message is one line in a log, and the value may be a whole file.
    return shown if len(shown) <= 80 else shown[:77] + "..."
