"""Made-up supernets whose true tau is known, for several tests."""

import numpy as np


def supernets(rng, n, runs, noise=1.0, consistent=0.5, spread=0.0):
    """Scores [runs, n] = truth + a bias that all runs share + noise of their own, and the truth [n]."""
    truth = rng.normal(size=n)
    shared = truth + consistent * rng.normal(size=n)
    own = noise * np.exp(spread * rng.normal(size=(runs, 1))) * rng.normal(size=(runs, n))
    return shared + own, truth
