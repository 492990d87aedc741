"""Every stream of random numbers has a name here, and no two are equal: the order of architectures does not hang on how
the images were drawn, nor the first weights on either.

A stream is the pair (seed, number of the name) of numpy's `SeedSequence`, which mixes them well whatever the seeds; a
zero at its end changes nothing, so `draw` is what `default_rng(seed)` gives. A number is never changed nor used
again: that would change what a seed has meant.
"""

import numpy as np

_NUMBERS = {
    "draw": 0,  # what a user's own seed draws: architectures of a sample, images of a split
    "order": 1,  # of the architectures that a run trains
    "shrink": 2,  # architectures that a pruning run scores
    "test_split": 4,  # validation images out of a test split
    "weights": 5,  # a network's initialisation
    "data": 6,  # order of the images, augmentation, dropped paths, in training
    "tuning": 7,  # the same, in an architecture's own training from a checkpoint
    "dense": 8,  # architectures scored after every step
    "chance": 10,  # random rankings that frame a stability study
    "validation": 12,  # recurrent cells that every run of a text space is validated on
    "recalibration": 15,  # augmentation of the images that BN is recalibrated on, where they are augmented
    "drawing": 13,  # of the points of a figure: which lies above
    "complement": 14,  # architectures trained alone, beside which a free score or a supernet's stands
    "correction": 11,  # architectures trained alone to correct the others
}


def stream(name: str, seed: int, *more: int) -> np.random.Generator:
    """The generator of a name and a seed (0 or more); `more` tells streams of one name apart, such as by epoch."""
    return np.random.default_rng(_sequence(name, seed, *more))


def torch_seed(name: str, seed: int) -> int:
    """The same for `torch.Generator().manual_seed`, which takes whole numbers below 2^63."""
    return int(_sequence(name, seed).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _sequence(name: str, seed: int, *more: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, _NUMBERS[name], *more])
