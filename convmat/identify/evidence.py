"""What is said, and why: a verdict, and one test that speaks for or against one kernel."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Evidence", "Verdict"]


class Verdict(StrEnum):
    """``linear`` (one kernel explains it), ``not_linear`` (none does) or ``undetermined``."""

    LINEAR = "linear"
    NOT_LINEAR = "not_linear"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Evidence:
    """One test: its number, the limit it is held against, and what it means in words."""

    name: str
    value: float
    limit: float
    against: bool
    text: str

    def __str__(self) -> str:
        return f"{'against' if self.against else 'for'}: {self.text}"
