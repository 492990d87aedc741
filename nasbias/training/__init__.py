"""One run: which architecture next, which weights it moves, and a folder that says what happened.

`Training` is the run's whole configuration, `train` carries it out, `RunFolder` is what it leaves: `config.toml`,
`checkpoints/`, `log.jsonl`, `provenance.json`. A stand-alone training is the same loop with one architecture. Needs
torch."""

from nasbias.runs import RunFolder, Training, read_config
from nasbias.training.loop import train
from nasbias.training.pace import Pace, estimate_seconds

__all__ = ["Pace", "RunFolder", "Training", "estimate_seconds", "read_config", "train"]
