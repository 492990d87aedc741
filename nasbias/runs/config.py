"""A run's configuration: a frozen dataclass, written to the run folder as config.toml; its hash is the run's
identity."""

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any, Literal

from nasbias.errors import InputError, unknown
from nasbias.forms import FORM, check_form
from nasbias.opening import checked_path, read_toml
from nasbias.options import COUNT, FROM_ZERO, PART, SEED, THREADS, WEIGHT, Bounds, check_options, option
from nasbias.recipes import list_options
from nasbias.runs.sampling import Order

# Fields that older run folders do not have: at their default they do not count in a run's identity.
_LATER = ("order_seed", "init_seed", "data_seed", "valid_indices", "last_batch", "step_images", "devices")


@dataclass(frozen=True)
class Training:
    """One supernet or stand-alone run. The defaults are P2's protocol (arXiv 2010.08219) for NAS-Bench-201; a space's
    own recipe (`recipes.<space>.RECIPE`) replaces them where it differs."""

    space: str = option("nb201", "search space")
    dataset: str = option("digits", "a data set's name or path")
    resolution: int | None = option(None, "resize images to this many pixels a side; none = as they are", COUNT)
    train_size: int | None = option(None, "training images; none = all that validation leaves", COUNT)
    valid_size: int | None = option(
        None, "validation images, split off the training set; none = the data set's own rule", COUNT
    )
    valid_from: Literal["train", "test"] = option("train", "validation images: a part of train, or the test split (P1)")
    valid_indices: str | None = option(
        None,
        "file of the validation images' places in their split: numbers, or AutoDL-Projects' cifar100-test-split.txt "
        "(NAS-Bench-201's own, with --valid-from test)",
    )
    split_seed: int = option(0, "seed of the train/validation split, shared by runs that are to be compared", SEED)
    epochs: int = option(64, "passes over the training images", COUNT)
    checkpoints: tuple[int, ...] = option((), "epochs to keep, 0 = untrained; the last one always is", FROM_ZERO)
    batch_size: int = option(256, "images per architecture and step", COUNT)
    last_batch: Literal["drop", "keep"] = option(
        "drop", "an epoch's last images, where they fill no batch (P1 keeps them)"
    )
    learning_rate: float = option(0.1, "initial learning rate; cosine to --final-learning-rate over all steps", WEIGHT)
    final_learning_rate: float = option(0.0, "learning rate at the last step", WEIGHT)
    momentum: float = option(0.9, "SGD momentum", PART)
    nesterov: bool = option(True, "Nesterov momentum")
    weight_decay: float = option(5e-4, "weight decay", WEIGHT)
    clip: float = option(5.0, "gradient norm limit; 0 = none", WEIGHT)
    crop: int = option(4, "pixels of padding for random crops; 0 = none", Bounds(least=0, most=1024))
    flip: bool = option(True, "random horizontal flips")
    cutout: int = option(
        0, "side of the square cut out of every image; 0 = none, -1 = half the image", Bounds(least=-1, most=10**9)
    )
    order: Order = option("uniform", "which architecture next; fair = FairNAS permutations")
    per_step: int = option(1, "architectures per step, their gradients averaged", Bounds(least=1, most=10_000))
    step_images: Literal["same", "own"] = option(
        "same", "images of a step's architectures: the same for all, or each its own (P2's darts, one GPU each)"
    )
    subset: str | None = option(None, "subset of the space to train on; none = the space's first")
    architectures: str | None = option(
        None, "train on these alone: a stored truth's name, a table, a file with one a line"
    )
    standalone: str | None = option(None, "train this architecture alone")
    sharing: str = option(
        "all", "whose weights are whose: all, groups:M, similar:M, decision:NAME, file:PATH, prefix:K or none"
    )
    dense_steps: int = option(
        0, "score all architectures after each of the last so many steps: OUT/steps.parquet", FROM_ZERO
    )
    dense_sample: int = option(1000, "at most so many architectures are scored there", COUNT)
    dense_bn: Literal["recalibrated", "batch", "running"] = option(
        "running", "BN statistics in that scoring (P1: running)"
    )
    prune: str = option(
        "none", "drop architectures while training: none, halve, shrink:accuracy, shrink:residual or shrink:pareto"
    )
    prune_every: int = option(16, "epochs between two rounds of --prune", COUNT)
    prune_sample: int = option(150, "architectures that a round of shrink scores", COUNT)
    move_unsampled: bool = option(False, "let weight decay and momentum move the weights a step does not use")
    seed: int = option(0, "seed of the three that follow, each a stream of its own", SEED)
    init_seed: int | None = option(None, "seed of the first weights; none = --seed", SEED)
    order_seed: int | None = option(
        None, "seed of the order of architectures; none = --seed. P1's runs of different orders share --seed", SEED
    )
    data_seed: int | None = option(None, "seed of the images' order and augmentation; none = --seed", SEED)
    precision: Literal["auto", "32-true", "bf16-mixed"] = option(
        "auto",
        "auto = bf16 autocast on a GPU, float32 on a CPU; bf16-mixed on a CPU with AVX512_BF16 and AMX: nb201 C=16 N=5 "
        "steps 1.7 times as fast, losses of the first epochs .1 to .7 % off (nb201 C=8, digits), slower elsewhere",
    )
    device: Literal["auto", "cpu", "cuda"] = option("auto", "where tensors live; auto = a GPU where there is one")
    devices: int = option(
        1, "GPUs (or processes on a CPU) that share every step's images; BN sees each one's part", THREADS
    )
    network: dict[str, Any] = field(default_factory=dict)  # the space's own options, by name

    def __post_init__(self) -> None:
        check_options(self)
        late = [epoch for epoch in self.checkpoints if not 0 <= epoch <= self.epochs]
        if late:
            raise InputError(f"checkpoint {late[0]} is not among the epochs 0 to {self.epochs}.")
        if self.batch_size % self.devices:
            raise InputError(f"batch_size ({self.batch_size:,}) must be a multiple of devices ({self.devices:,}).")

    @property
    def kept_epochs(self) -> tuple[int, ...]:
        """Epochs after which a checkpoint is kept, the last one included."""
        return tuple(sorted({*self.checkpoints, self.epochs}))

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits: equal configurations, equal runs. A field that came later and is not set does not
        count, so that folders made before it keep their identity."""
        defaults = {each.name: each.default for each in dataclasses.fields(self) if each.name in _LATER}
        values = {
            name: value
            for name, value in dataclasses.asdict(self).items()
            if name not in defaults or value != defaults[name]
        }
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def seed_of(self, stream: Literal["weights", "order", "data"]) -> int:
        """The seed of one of a run's streams (`nasbias.streams`): its own, or the run's."""
        own = {"weights": self.init_seed, "order": self.order_seed, "data": self.data_seed}[stream]
        return self.seed if own is None else own

    def to_toml(self) -> str:
        """TOML text that `read_config` reads back; a field without a value is left out."""
        import tomli_w  # comes with the extra "train"; who only reads runs does not have it

        values = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return tomli_w.dumps({"form": FORM, **values})


def read_config(path: str | os.PathLike) -> Training:
    """The configuration in a config.toml.

    Raises:
        InputError: no such file, not TOML, or a field that `Training` does not have, or an option that no network has.
    """
    path = checked_path(path)
    try:
        values = read_toml(path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{path}: no such file, so that is no run folder. python -m nasbias.train makes one."
        ) from None
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    check_form(values.pop("form", None), str(path))
    known = [f.name for f in dataclasses.fields(Training)]
    for name in values:
        if name not in known:
            raise unknown(f"field in {path.name}", name, known)
    if isinstance(values.get("checkpoints"), list):
        values["checkpoints"] = tuple(values["checkpoints"])
    try:
        config = Training(**values)
        options = list_options()
        for name in config.network:
            if name not in options:
                raise unknown("option of a network", name, options)
        return config
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
