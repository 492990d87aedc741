"""What networks are trained on: images and text as tensors that stay on the device.

`load_images` takes a name or a path (official CIFAR archives, Parquet of encoded images, Fashion-MNIST, the embedded
digits); `batches` and the functions of `augment` make a training epoch of it. `python -m nasbias.datasets` lists,
fetches and shows sets. Imported late, so that listing and fetching need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nasbias.errors import missing_extra

if TYPE_CHECKING:
    from nasbias.datasets.augment import cutout, random_crop, random_flip
    from nasbias.datasets.images import Images, batches, describe_images, load_images

__all__ = ["Images", "batches", "cutout", "describe_images", "load_images", "random_crop", "random_flip"]

_MODULES = {
    "augment": ("cutout", "random_crop", "random_flip"),
    "images": ("Images", "batches", "describe_images", "load_images"),
}
_TRAIN = {"torch", "safetensors"}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            try:
                return getattr(import_module(f"{__name__}.{module}"), name)
            except ModuleNotFoundError as error:
                if error.name in _TRAIN:
                    raise missing_extra(error.name, "train") from None
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
