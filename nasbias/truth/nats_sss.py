"""Ground truth of NATS-Bench's size space: the folder NATS-sss-v1_0-50262-simple, the one file, or an API (2009.00437).

Every architecture was trained for 1, 12 and 90 epochs, each budget with its own cosine. Which number is which:
`nasbias.truth.nats`.
"""

from nasbias.pickles import is_pickle
from nasbias.spaces.nats_sss import SPACE
from nasbias.truth.formats import Format
from nasbias.truth.nats import SPLITS_SAID, is_api, is_folder, read_api, read_file, read_folder

_DESCRIBES = (
    "NATS-Bench's official size records, one per training seed: top-1 accuracy (%) after the last of 1, 12 or 90 "
    f"epochs; {SPLITS_SAID}"
)
_LICENCE = "MIT (NATS-Bench)"
FORMATS = (
    Format(
        name="nats-sss-file",
        describes=_DESCRIBES,
        recognises=lambda path: path.is_file() and is_pickle(path),
        read=lambda path: read_file(path, "nats-sss"),
        takes_object=is_api,
        read_object=lambda api: read_api(api, "nats-sss"),
        licence=_LICENCE,
        architectures=SPACE.size,
    ),
    Format(
        name="nats-sss",
        describes=_DESCRIBES,
        recognises=is_folder,
        read=lambda path: read_folder(path, "nats-sss"),
        licence=_LICENCE,
        architectures=SPACE.size,
    ),
)
