"""What networks are trained on: images and text as tensors that stay on the device.

`load_images` takes a name or a path (official CIFAR archives, Parquet of encoded images, Fashion-MNIST, the embedded
digits); `batches` and the functions of `augment` make a training epoch of it. `python -m nasbias.datasets` lists, fetches
and shows sets.
"""

from nasbias.errors import missing_extra

try:
    import torch  # noqa: F401
except ImportError:
    raise missing_extra("torch", "train") from None

from nasbias.datasets.augment import cutout, random_crop, random_flip
from nasbias.datasets.images import Images, batches, load_images

__all__ = ["Images", "batches", "cutout", "load_images", "random_crop", "random_flip"]
