"""scikit-learn's handwritten digits: 1,797 gray 8x8 images of 10 classes, embedded: a first run without any download.

The set has no test split of its own: 297 images, always the same ones, are set aside. Not discriminative between
architectures (their spread is about the seed noise): for trying things out, not for findings.
"""

import hashlib
from dataclasses import replace

import numpy as np

from nasbias.datasets._decoded import Decoded, assemble
from nasbias.errors import missing_extra
from nasbias.streams import stream

N_TEST = 297


def read() -> Decoded:
    """The 1,500 training and 297 test images; grey values 0 to 16 spread over 0 to 255."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing_extra("scikit-learn", "train") from None
    pixels, labels = (np.asarray(array) for array in load_digits(return_X_y=True))
    x = np.rint(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    order = stream("draw", 0).permutation(len(x))
    test, train = order[:N_TEST], order[N_TEST:]
    names = tuple("0123456789")
    decoded = assemble("digits", names, (x[train], labels[train]), (x[test], labels[test]), "digits")
    return replace(decoded, fingerprint=hashlib.sha256(x.tobytes() + labels.astype("<i8").tobytes()).hexdigest())
