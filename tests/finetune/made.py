"""The supernet that the tests of finetune tune."""

from nasbias.runs import Training
from nasbias.spaces import get_space

NETWORK = {"channels": 4, "cells": 1}
CONFIG = Training(epochs=2, checkpoints=(1,), batch_size=256, crop=1, network=NETWORK, final_learning_rate=0.01)
SOME = get_space("nb201").sample(5, seed=2).tolist()
