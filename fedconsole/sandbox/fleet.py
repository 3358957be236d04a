"""Several clusters that start and stop together."""

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fedconsole.sandbox.binaries import Binaries
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.places import places


def default_folder() -> Path:
    """Where sandboxes keep their files: ``FEDCONSOLE_SANDBOX_DIR``, else beside the console's own."""
    if given := os.environ.get("FEDCONSOLE_SANDBOX_DIR"):
        return Path(given).absolute()
    state = os.environ.get("FEDCONSOLE_STATE_DIR") or Path(__file__).parents[2] / "var"
    return Path(state).absolute() / "sandbox"


class Fleet:
    """Clusters in the order of ``places``; the versions take turns."""

    def __init__(self, count: int, versions: Sequence[Binaries], folder: Path, *, nodes: int = 3) -> None:
        self.folder = folder
        pairs = zip(places(count), itertools.cycle(versions), strict=False)
        self.clusters = tuple(
            SandboxCluster(place, binaries, folder / place.name, nodes=nodes) for place, binaries in pairs
        )

    def __iter__(self) -> Iterator[SandboxCluster]:
        return iter(self.clusters)

    def __len__(self) -> int:
        return len(self.clusters)

    def __getitem__(self, key: int | str) -> SandboxCluster:
        """By position or by name."""
        if isinstance(key, int):
            return self.clusters[key]
        return next(cluster for cluster in self.clusters if cluster.name == key)

    def start(self) -> None:
        """Return when every cluster works; when one of them fails, none is left behind."""
        try:
            for cluster in self.clusters:
                cluster.start()
            for cluster in self.clusters:
                cluster.start_controllers()
            for cluster in self.clusters:
                cluster.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.clusters)) as pool:
            list(pool.map(SandboxCluster.stop, self.clusters))

    def recover(self) -> None:
        """Undo whatever was done to the clusters."""
        for cluster in self.clusters:
            cluster.recover()

    def serve_requests(self) -> None:
        """Do what other processes asked for."""
        for cluster in self.clusters:
            cluster.serve_requests()
