"""Which form a file of ours has: a later nasbias may write another, which this one refuses in a line; all earlier ones
are read, files without a form among them. Forms are numbered from 1 for all kinds of files together."""

from typing import Any

from nasbias.errors import InputError

FORM = 1  # that we write; raise it when a file can't be read as before


def check_form(form: Any, where: str) -> None:
    """Refuse a file of a later form, or one whose form is no number.

    Args:
        form: what the file says, as a number or in digits; None: nothing, as files of the first versions do.

    Raises:
        InputError: not a form that this nasbias reads.
    """
    if form is None:
        return
    text = form.decode("latin1") if isinstance(form, bytes) else str(form)
    if isinstance(form, (bool, float)) or not (text.isascii() and text.isdecimal() and 0 < len(text) < 10):
        raise InputError(f"{where}: does not say which form it has. Take a copy, or make it once more.")
    if int(text) > FORM:
        raise InputError(
            f"{where}: is of form {text}, which a later nasbias writes; this one reads up to {FORM}. Update it."
        )
