"""What is wrong in what was given, all of it at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """``path`` is a JSON pointer into what was given; ``message`` is for people."""

    path: str
    message: str
