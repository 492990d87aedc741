"""Random crop, flip and cutout as tensor operations on the device the images are on.

Every function takes x [n, channels, height, width] of any dtype (uint8 is fastest: augment first, normalise after, and
the padding is black as in the usual recipes) and an explicit generator, and returns a new tensor of the same shape and
dtype; x itself stays as it was. Each image draws its own numbers; the same generator state gives the same result. They
are drawn on the generator's device, so a CPU generator gives the same augmentation on every device. Measured on one
core for 128 RGB images: crop, flip, indexing and normalising 1.0 ms at 16x16, 3.4 ms at 32x32.
"""

import torch
from torch.nn.functional import pad

from nasbias.datasets.sending import send


def random_crop(x: torch.Tensor, padding: int, generator: torch.Generator) -> torch.Tensor:
    """Pad each side with `padding` zeros and cut a window of the old size at a uniformly random place.

    The result is in channels_last memory: one gather of whole pixels costs half of a gather per channel.
    """
    n, _, height, width = x.shape
    top, left = _draw(2 * padding + 1, (2, n, 1), generator, x.device)
    padded = pad(x, (padding,) * 4).permute(0, 2, 3, 1)
    rows = top + torch.arange(height, device=x.device)
    columns = left + torch.arange(width, device=x.device)
    images = torch.arange(n, device=x.device)[:, None, None]
    return padded[images, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_flip(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror each image left to right with probability one half."""
    mirrored = _draw(2, (len(x), 1, 1, 1), generator, x.device).bool()
    return torch.where(mirrored, x.flip(-1), x)


def cutout(x: torch.Tensor, size: int, generator: torch.Generator) -> torch.Tensor:
    """Set a square of `size` pixels to zero, its centre uniform over the image, what lies outside clipped (1708.04552).

    On uint8 images zero is black; the DARTS recipe cuts out after normalising, where zero is the mean: do as it does.
    """
    height, width = x.shape[-2:]
    top = _draw(height, (len(x), 1), generator, x.device) - size // 2
    left = _draw(width, (len(x), 1), generator, x.device) - size // 2
    rows = torch.arange(height, device=x.device)
    columns = torch.arange(width, device=x.device)
    inside_rows = (rows >= top) & (rows < top + size)
    inside_columns = (columns >= left) & (columns < left + size)
    hole = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
    return x.masked_fill(hole, 0)


def _draw(high: int, shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> torch.Tensor:
    return send(torch.randint(high, shape, generator=generator, device=generator.device), device)
