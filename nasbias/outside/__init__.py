"""Supernets and scores that nasbias did not make: any function of an architecture, any training loop of one's own.

`score_with` runs a function over architectures and gives a predictions table; `Monitor` says after every epoch of a
training how well the supernet ranks, and whether that beats what costs nothing. Neither needs torch, nor our supernets.
"""

from nasbias.outside.monitor import Monitor
from nasbias.outside.scores import score_with

__all__ = ["Monitor", "score_with"]
