"""Ground truth: what each architecture reaches when it is trained alone, from official files to one tidy table."""

from nasbias.truth.formats import Format

__all__ = ["Format"]
