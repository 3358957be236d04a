"""Which of several processes runs which test: a pytest plugin for pytest-xdist."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Folders whose tests share clusters, and hence one process.
WITH_CLUSTERS = ("tests/browser/", "tests/contract/", "tests/integration/")


class Shares(LoadScopeScheduling):
    """Every test goes to the process that is free next; those with clusters stay together, and come first."""

    def _split_scope(self, nodeid: str) -> str:
        return "clusters" if nodeid.startswith(WITH_CLUSTERS) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shares:
    return Shares(config, log)
