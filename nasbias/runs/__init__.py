"""One run: its configuration, its folder, and what a training and a scoring of it have in common.

`Training` is the whole configuration, `RunFolder` what a run leaves: `config.toml`, `checkpoints/`, `log.jsonl`,
`provenance.json`. These read without torch; `checkpoints`, `network` (the network and the sampler of a configuration)
and `data` (its images or text) need it. Training and scoring both stand on this room and do not know each other.

A run folder is a state machine, and each of its transitions is one rename (`files.written_atomically`):

    nothing   -> claimed    config.toml: whose folder it is. provenance.json follows, before anything is trained
    claimed   -> under way  checkpoints/latest.safetensors, again and again: everything that going on needs
    under way -> finished   checkpoints/epoch-LAST.safetensors, the last thing to be written
              -> diverged   diverged.json: at which step, with which architecture; the checkpoints before it stay

Everything else is made from these and is written before the transition that makes it due: checkpoints of earlier
epochs, groups.csv, steps.parquet, remaining.txt; log.jsonl, which the states hold too. A killed process leaves a folder
in one of the four states, and perhaps files that are written once more, to the bit, by whoever goes on. What must not
stay is swept on opening: hidden temporaries, and `latest` beside an end. Who writes holds `.lock`.

A folder of trainings alone (`campaigns.standalone`) is the same with trainings/ID.json as the one transition per
training: its run folder, running/ID, is removed after it, and truth.parquet is made of all of them.
"""

from nasbias.runs.config import Training, read_config
from nasbias.runs.divergence import Diverged
from nasbias.runs.folder import RunFolder, read_run

__all__ = ["Diverged", "RunFolder", "Training", "read_config", "read_run"]
