"""A training that came to nothing: where it diverged, as an error and as a file in the run's folder."""

from collections.abc import Sequence
from typing import Any

from nasbias.errors import InputError


class Diverged(InputError):
    """The loss is no number any more, or one that no training comes back from.

    Args:
        epoch, step: of the run, the first being 1; the step is counted over all epochs.
        architectures: those that the step trained.
        what: what was seen, such as "the training loss is nan".
    """

    def __init__(self, what: str, epoch: int, step: int, architectures: Sequence[str]) -> None:
        self.what, self.epoch, self.step, self.architectures = what, epoch, step, list(architectures)
        several = "architectures" if len(self.architectures) > 1 else "architecture"
        shown = ", ".join(self.architectures[:3]) + (", ..." if len(self.architectures) > 3 else "")
        super().__init__(
            f"training diverged: {what} in epoch {epoch}, step {step:,} ({several} {shown}). Lower --learning-rate or "
            f"set --clip."
        )

    def to_plain(self) -> dict[str, Any]:
        """What `of` makes the error of again."""
        return {"what": self.what, "epoch": self.epoch, "step": self.step, "architectures": self.architectures}

    @classmethod
    def of(cls, about: dict[str, Any]) -> "Diverged":
        """The error that `to_plain` described."""
        return cls(about["what"], about["epoch"], about["step"], about["architectures"])

    def __reduce__(self):  # from a worker process to its parent
        return type(self), (self.what, self.epoch, self.step, self.architectures)
