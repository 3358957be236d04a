"""How the sandbox process tells its supervisor that every cluster has joined: a file beside the clusters."""

from pathlib import Path


def folder(state_dir: Path) -> Path:
    """Where the clusters keep their files."""
    return state_dir / "sandbox"


def _marker(state_dir: Path) -> Path:
    return folder(state_dir) / "joined"


def forget(state_dir: Path) -> None:
    """Nothing has joined in this run yet."""
    _marker(state_dir).unlink(missing_ok=True)


def declare_ready(state_dir: Path) -> None:
    """Every cluster runs and has joined."""
    _marker(state_dir).touch()


def is_ready(state_dir: Path) -> bool:
    """Whether ``declare_ready`` was called in this run."""
    return _marker(state_dir).exists()
