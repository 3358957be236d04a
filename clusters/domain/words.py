"""Words that people see, with how they look beside them, so that no template decides it."""

from enum import StrEnum
from typing import Protocol


class Word(Protocol):
    """Anything that is shown as a badge: its value in addresses, what it is called, and how it looks."""

    @property
    def value(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def tone(self) -> str: ...

    @property
    def icon(self) -> str: ...


class Vocabulary(StrEnum):
    """A set of words; ``rank`` orders them by how bad they are: 0 is the worst."""

    label: str
    tone: str
    icon: str
    rank: int

    def __new__(cls, value: str, label: str, tone: str, icon: str, rank: int) -> "Vocabulary":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.tone, member.icon, member.rank = label, tone, icon, rank
        return member
