"""The configuration in force, with its arms loaded: read at start-up, followed while running, swapped whole.

A request takes `current` once and keeps it, so it sees one configuration; arms it still uses live until it is done.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from minimodel.bundles.registry import Registry
from minimodel.errors import ModelError
from miniserve.arms.arm import Arm
from miniserve.arms.engine import EngineArm, load_engine_arm
from miniserve.errors import RouteFileError, ServeError
from miniserve.routes.route_file import RouteFile, production_only
from miniserve.settings import Settings
from miniserve.shadow.queue import Shadow
from miniserve.traffic import RouteConfig, Strategy

POLL_S = 0.2
MakeShadow = Callable[[str, str], Shadow]
_log = structlog.get_logger()


@dataclass(frozen=True)
class Route:
    """One configuration, the arms that serve under it, and its shadow."""

    config: RouteConfig
    arms: Mapping[str, Arm]
    shadow: Shadow | None


class Routes:
    """Owns the route in force."""

    def __init__(self, settings: Settings, make_shadow: MakeShadow, warm_up: str) -> None:
        self._settings = settings
        self._warm_up = warm_up
        self._file = RouteFile(settings.route_config)
        self._make_shadow = make_shadow
        self._pool = ThreadPoolExecutor(settings.engine_threads, thread_name_prefix="arm")
        self._engines: dict[str, EngineArm] = {}
        self._adopting = asyncio.Lock()
        self.current: Route | None = None
        self.draining = False
        self.refused = False  # while the file holds a configuration that was refused

    def first_config(self) -> RouteConfig:
        """Return the configuration to start with.

        Raises RouteFileError when the file is unusable or the registry lacks a serving arm's model, and ModelError
        when the registry is unusable. A shadow arm's model is not asked for: it never stops the server.
        """
        registry = self._registry()
        config = self._file.read() or production_only(registry.production)
        _check_known(config, registry, config.serving_arms)
        return config

    def _registry(self) -> Registry:
        try:
            return Registry.read(self._settings.models_dir)
        except OSError as error:
            raise RouteFileError(f"the registry of models cannot be read: {error}") from error

    async def adopt(self, config: RouteConfig) -> None:
        """Load what the configuration needs, put it in force, then switch off the shadow that it no longer has.

        Raises ArmNotLoaded when a serving arm does not load; the route in force stays.
        """
        async with self._adopting:
            previous = self.current
            serving = {config.arms[name] for name in config.serving_arms}
            loaded = {sha: self._engines.get(sha) or await self._load(sha) for sha in sorted(serving)}
            shadow = self._shadow_for(config, previous)
            # One round of the loop: B's process is being started before anybody hears that B shadows.
            await asyncio.sleep(0)
            arms = {name: loaded[config.arms[name]] for name in config.serving_arms}
            self.current = Route(config, MappingProxyType(arms), shadow)
            self._engines = loaded
            _log.info("route in force", **config.as_json(), config_sha=config.config_sha)
            if previous and previous.shadow and previous.shadow is not shadow:
                await previous.shadow.close()

    async def follow(self) -> None:
        """Adopt the file's configuration whenever it changes; one that is unusable is refused and logged."""
        while True:
            await asyncio.sleep(POLL_S)
            if not self._file.changed():
                continue
            try:
                registry = self._registry()
                config = self._file.read() or production_only(registry.production)
                _check_known(config, registry, tuple(config.arms))
                if self.current is None or config.config_sha != self.current.config.config_sha:
                    await self.adopt(config)
            except (ServeError, ModelError) as error:
                self.refused = True
                _log.error("route refused, the one in force stays", reason=str(error))
            else:
                self.refused = False

    async def close(self, drain_s: float) -> None:
        """Drain the shadow within a bound, cancel the rest, end its worker."""
        if self.current and self.current.shadow:
            await self.current.shadow.drain(drain_s)
            await self.current.shadow.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _load(self, sha: str) -> EngineArm:
        settings = self._settings
        return await asyncio.to_thread(
            load_engine_arm,
            settings.models_dir,
            sha,
            threads=settings.engine_threads,
            pool=self._pool,
            warm_up=self._warm_up,
        )

    def _shadow_for(self, config: RouteConfig, previous: Route | None) -> Shadow | None:
        if config.strategy is not Strategy.SHADOW or config.shadow_arm is None:
            return None
        name, sha = config.shadow_arm, config.arms[config.shadow_arm]
        if previous and previous.shadow and (previous.shadow.name, previous.shadow.sha) == (name, sha):
            return previous.shadow
        shadow = self._make_shadow(name, sha)
        shadow.start()
        return shadow


def _check_known(config: RouteConfig, registry: Registry, names: tuple[str, ...]) -> None:
    for name in names:
        if config.arms[name] not in registry.models:
            raise RouteFileError(
                f"arms.{name} is {config.arms[name]}: expected a model of the registry ({', '.join(registry.versions)})"
            )
