import io
import json

import pandas as pd

from nasbias.files import to_json
from nasbias.report.content import Table


def test_the_csv_of_a_table_holds_the_columns_shown_unrounded():
    frame = pd.DataFrame({"a": [1 / 3, None], "hidden": [1, 2], "b": ["x, y", 'q"']})
    table = Table("Some Title: (all)", frame, {"a": ("A", ".1f", ""), "b": ("B", "", ""), "absent": ("C", "", "")})
    back = pd.read_csv(io.StringIO(table.csv))
    pd.testing.assert_frame_equal(back, frame[["a", "b"]])
    assert table.file == "some-title-all.csv"


def test_the_document_holds_every_number_of_every_table(report):
    document = json.loads(to_json(report.to_plain()))
    for section, plain in zip(report.sections, document["sections"], strict=True):
        assert plain["claims"] == list(section.claims) and plain["missing"] == list(section.missing)
        for table in section.tables:
            rows = pd.DataFrame(plain["tables"][table.title])
            assert len(rows) == len(table.frame)
            for name in table.shown.select_dtypes("number"):
                got, wanted = rows[name].astype(float), table.frame[name].astype(float)
                pd.testing.assert_series_equal(got, wanted, check_names=False, check_index=False, rtol=0, atol=0)
