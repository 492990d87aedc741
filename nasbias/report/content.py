"""What a report is made of, before it is a page: sections of sentences, drawings and tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from nasbias.files import records, to_plain

if TYPE_CHECKING:
    from nasbias.report.explorer import Explorer

Form = str  # a format specification such as "+.2f"


@dataclass(frozen=True)
class Table:
    """Rows with every number whole; `columns` says which are shown: name -> (head, form, a line about it)."""

    title: str
    frame: pd.DataFrame
    columns: Mapping[str, tuple[str, Form, str]]

    @property
    def shown(self) -> pd.DataFrame:
        """The columns shown, unrounded: what its CSV holds."""
        return self.frame.loc[:, [name for name in self.columns if name in self.frame]]

    @property
    def file(self) -> str:
        """A name for its CSV."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:60] + ".csv"

    @property
    def csv(self) -> str:
        """The columns shown as CSV, unrounded."""
        return self.shown.to_csv(index=False, lineterminator="\n")


@dataclass(frozen=True)
class Drawing:
    """A figure as inline SVG, with what stands for it where it can't be seen, and how wide it is in mm."""

    name: str
    svg: str
    alt: str
    caption: str
    width: float


@dataclass(frozen=True)
class Section:
    """One question: the claim made from the tables, what it rests on, and what could not be told and why."""

    key: str
    question: str
    claims: Sequence[str]
    missing: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    how: Sequence[str] = ()
    change: Sequence[str] = ()

    def to_plain(self) -> dict[str, Any]:
        """The section in the JSON document: sentences, and the tables with all their columns."""
        return {
            "section": self.key,
            "question": self.question,
            "claims": list(self.claims),
            "missing": list(self.missing),
            "figures": [{"figure": each.name, "caption": each.caption} for each in self.drawings],
            "tables": {each.title: records(each.frame) for each in self.tables},
            "how": list(self.how),
            "change": list(self.change),
        }


@dataclass(frozen=True)
class Report:
    """The whole page: facts about what was studied, the sections in order, and where it all comes from."""

    title: str
    facts: Mapping[str, Any]
    sections: Sequence[Section]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    explorer: "Explorer | None" = None

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {
            "title": self.title,
            "facts": to_plain(dict(self.facts)),
            "sections": [section.to_plain() for section in self.sections],
            "explorer": None if self.explorer is None else self.explorer.to_plain(),
            "provenance": to_plain(dict(self.provenance)),
        }
