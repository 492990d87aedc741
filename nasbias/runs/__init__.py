"""One run: its configuration, its folder, and what a training and a scoring of it have in common.

`Training` is the whole configuration, `RunFolder` what a run leaves: `config.toml`, `checkpoints/`, `log.jsonl`,
`provenance.json`. These read without torch; `checkpoints`, `network` (the network and the sampler of a configuration)
and `data` (its images or text) need it. Training and scoring both stand on this room and do not know each other.
"""

from nasbias.runs.config import Training, read_config
from nasbias.runs.folder import RunFolder, read_run

__all__ = ["RunFolder", "Training", "read_config", "read_run"]
