"""The route in force: read at start-up, updated when route_config.json changes, always replaced as a whole.

A request reads `current` once and keeps it, so it sees a single configuration. An arm stays loaded until the last
request that uses it is done.
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
from miniserve.traffic import RouteConfig

# Polled, because inotify does not see changes that other machines make on a network file system.
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
        # Loading takes seconds. Of two adoptions at the same time, one would leave its shadow running for ever.
        self._adopting = asyncio.Lock()
        self.current: Route | None = None
        self.draining = False
        self.refused = False  # whether the file's present content was refused

    def first_config(self) -> RouteConfig:
        """Return the configuration to start with.

        Without a file, that is the registry's production model alone. Raises RouteFileError if the file is unusable
        or the registry lacks a serving arm's model, and ModelError if the registry is unusable. The shadow arm's
        model is not checked, because a missing shadow must not keep the server from starting.
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
        """Load the configuration's arms, put it in force, then close the previous shadow unless it is reused.

        Raises ArmNotLoaded if a serving arm does not load; the route in force does not change.
        """
        async with self._adopting:
            previous = self.current
            serving = {config.arms[name] for name in config.serving_arms}
            loaded = {sha: self._engines.get(sha) or await self._load(sha) for sha in sorted(serving)}
            shadow = self._shadow_for(config, previous)
            # Yield once, so that B's process is being started before the log announces the shadow.
            await asyncio.sleep(0)
            arms = {name: loaded[config.arms[name]] for name in config.serving_arms}
            self.current = Route(config, MappingProxyType(arms), shadow)
            self._engines = loaded
            _log.info("route in force", **config.as_json(), config_sha=config.config_sha)
            # Closed only now: until this point, requests submitted to it.
            if previous and previous.shadow and previous.shadow is not shadow:
                await previous.shadow.close()

    async def follow(self) -> None:
        """Adopt the file's configuration whenever it changes; an unusable one is refused and logged.

        Reads and parses on a thread, so that a slow disk or a file that is slow to parse delays no request.
        """
        while True:
            await asyncio.sleep(POLL_S)
            if not await asyncio.to_thread(self._file.changed):
                continue
            try:
                config = await asyncio.to_thread(self._changed_config)
                # A rewrite with the same content must not restart the shadow.
                if self.current is None or config.config_sha != self.current.config.config_sha:
                    await self.adopt(config)
            except (ServeError, ModelError) as error:
                self.refused = True
                _log.error("route refused, the one in force stays", reason=str(error))
            else:
                self.refused = False

    def _changed_config(self) -> RouteConfig:
        """Return the changed file's configuration; raises RouteFileError or ModelError if it is unusable.

        Only a server that was running without a file may continue without one: deleting the file must not switch the
        strategy.
        """
        config, registry = self._file.read(), self._registry()
        if config is None:
            config = production_only(registry.production)
            if self.current is None or self.current.config != config:
                raise RouteFileError(f"{self._file.path.name} is missing: expected a route configuration")
        _check_known(config, registry, tuple(config.arms))
        return config

    async def close(self, drain_s: float) -> None:
        """Give the shadow `drain_s` seconds to finish its runs, cancel the rest, and close it."""
        if self.current and self.current.shadow:
            await self.current.shadow.drain(drain_s)
            await self.current.shadow.close()
        # Not waited for: a thread that is past its deadline may take any time to return.
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
        name = config.shadowing_arm
        if name is None:
            return None
        sha = config.arms[name]
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
