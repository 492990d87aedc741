"""The second round: every finding of the papers with what the queue's runs say, its interval, a verdict and its cost.

    python -m analysis.findings                # of data/: seconds
    python -m analysis.findings --write        # also data/studies/second_round.json and the section in analysis/README

A finding agrees or disagrees when its 95 % interval excludes the opposite; else it is not decided, and the verdict says
about how many runs would decide it if the value stayed what it is. Findings whose runs are not harvested are left out.
"""

import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from analysis.blocks import write_block
from analysis.harvest import is_harvested
from analysis.study import write_tables
from nasbias.files import records, to_json
from nasbias.progress import note
from nasbias.statistics import Comparison, Estimate
from nasbias.terminal import Parser, add_format, command

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- findings: python -m analysis.findings --write -->\n", "<!-- end of findings -->\n"
AGREES, DISAGREES, OPEN = "agrees", "disagrees", "not decided|one run"


@dataclass(frozen=True)
class Finding:
    """One row: what a paper found, what it measured, what we measured, what follows, and the CPU-hours of its study."""

    study: str
    finding: str
    paper: str
    ours: str
    verdict: str
    cpu_hours: float


Study = Callable[[], list[Finding]]


def study(*tables: str) -> Callable[[Study], Study]:
    """A study of these harvested tables: it has no findings while one of them is not there."""

    def decorate(function: Study) -> Study:
        def wrapped() -> list[Finding]:
            return function() if all(is_harvested(table) for table in tables) else []

        return wrapped

    return decorate


def verdict(low: float, high: float, runs: int = 0, opposite: str = DISAGREES) -> str:
    """What the 95 % interval of a quantity says that is positive where the finding holds.

    Args:
        runs: how many runs the interval is of; given, an open verdict says how many would close it.
        opposite: what an interval below 0 is called.
    """
    if math.isnan(low) or math.isnan(high) or runs == 1:  # one run's interval does not know the seed's part
        return "not decided: one run"
    if low > 0:
        return AGREES
    if high < 0:
        return opposite
    centre, half = (low + high) / 2, (high - low) / 2
    if not runs:
        return "not decided"
    needed = math.ceil(runs * (half / abs(centre)) ** 2 - 1e-9) + 1 if centre else math.inf
    if needed > 10 * runs:
        return f"not decided: no difference is seen, and more than {10 * runs} runs would be needed to see one"
    return f"not decided: about {needed} runs, {runs} are here"


def within(low: float, high: float, floor: float, ceiling: float) -> str:
    """The verdict on "between floor and ceiling": the whole interval inside agrees, the whole outside disagrees."""
    if math.isnan(low) or math.isnan(high):
        return "not decided: one run"
    if floor < low and high < ceiling:
        return AGREES
    return DISAGREES if high < floor or low > ceiling else "not decided"


def show(what: Estimate | Comparison | tuple[float, float, float], digits: int = 2) -> str:
    """`.47 [.19 to .69]`."""
    if isinstance(what, tuple):
        value, low, high = what
    else:
        value = what.value if isinstance(what, Estimate) else what.difference
        low, high = what.low, what.high
    text = number(value, digits)
    return text if math.isnan(low) else f"{text} [{number(low, digits)} to {number(high, digits)}]"


def number(value: float, digits: int = 2) -> str:
    """Without the 0 before the point, as the tables of the README have it."""
    return re.sub(r"^(-?)0\.(?=\d)", r"\1.", f"{value:.{digits}f}")


def collect() -> pd.DataFrame:
    """All findings that the harvested tables carry."""
    from analysis.findings_bias import STUDIES as BIAS
    from analysis.findings_p1 import STUDIES as FIRST
    from analysis.findings_p2 import STUDIES as SECOND
    from analysis.findings_parts import STUDIES as PARTS
    from analysis.findings_truths import STUDIES as TRUTHS

    rows = [asdict(finding) for of_study in (*FIRST, *SECOND, *BIAS, *PARTS, *TRUTHS) for finding in of_study()]
    return pd.DataFrame(rows, columns=list(Finding.__dataclass_fields__))


def to_markdown(findings: pd.DataFrame) -> str:
    """The README's tables, one a study with what it cost, a row a finding."""
    verdicts = findings["verdict"]
    counts = {"agree": verdicts == AGREES, "disagree": verdicts == DISAGREES, "are open": verdicts.str.contains(OPEN)}
    said = ", ".join(f"{int(of.sum())} {what}" for what, of in counts.items())
    lines = [f"{len(findings)} rows: {said}; the others are new ones with a verdict of their own.", ""]
    for name, rows in findings.groupby("study", sort=False):
        hours = float(rows["cpu_hours"].to_numpy()[0])
        cost = "before costs were kept" if math.isnan(hours) else f"{hours:.1f} CPU-hours"
        lines += [f"### {name} ({cost})", ""]
        lines += ["| finding of the paper | paper | ours | verdict |", "|---|---|---|---|"]
        columns = rows[["finding", "paper", "ours", "verdict"]]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in columns.itertuples(index=False)]
        lines.append("")
    return "\n".join(lines)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.findings", description=__doc__, example="python -m analysis.findings")
    parser.add_argument("--write", action="store_true", help="write the study's JSON and the section in the README")
    add_format(parser)
    given = parser.parse_args(argv)
    findings = collect()
    if given.write:
        write_tables("second_round", {"findings": findings})
        write_block(README, BEGIN, END, to_markdown(findings))
        note(f"{len(findings)} findings written")
    print(to_json({"findings": records(findings)}) if given.format == "json" else to_markdown(findings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
