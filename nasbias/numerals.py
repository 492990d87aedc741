"""Numbers as a reader takes them in: short, and '-' where there is none."""

import re

import pandas as pd


def short(value: float) -> str:
    """Two decimals without the leading zero: .47, -.05, 1.00."""
    if pd.isna(value):
        return "-"
    text = f"{value:.2f}".replace("-0.00", "0.00")
    return re.sub(r"^(-?)0\.", r"\1.", text)


def interval(low: float, high: float) -> str:
    """'.36 to .58', so that those below each other line up; '-' where an end is missing."""
    return "-" if pd.isna(low) or pd.isna(high) else f"{short(low):>4} to {short(high):>4}"
