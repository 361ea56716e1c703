"""One Chromium for all system tests. The lab's folder is on the path, because its scripts import each other."""

import sys
from collections.abc import Iterator

import pytest
from tests.system.browser import Page, browser_page

from minieval.grading.identity import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "experiments" / "38-shadow-ab"))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page
