"""The registry script, loaded as a module, and a tiny bundle."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The scripts are not part of the library; tests import them from the root.
sys.path.insert(0, str(ROOT))


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded: expected a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def registry() -> ModuleType:
    return _load(ROOT / "scripts" / "mlops" / "registry.py", "mlops_registry")


@pytest.fixture(scope="session")
def bundles() -> ModuleType:
    return _load(ROOT / "tests" / "minimodel" / "conftest.py", "tiny_bundles")
