"""Digits drawn from matplotlib's fonts, in MNIST's format, for a machine without a network.

Each of many "hands" writes 0-9 once: one font, thickness, slant, size, place, tremble and pen.
No hand writes in both the training and the test set, as in MNIST.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data import idx

if TYPE_CHECKING:
    from torch import Generator, Tensor

SEED = 28
SCALE = 2  # drawn at twice MNIST's resolution, so that strokes grow by half pixels
SIDE, BOX = 28 * SCALE, 20 * SCALE

# Fonts of every admitted matplotlib, so without cmti10, which came with 3.11; without DejaVu Sans
# Mono, whose dotted zero blurs into an eight; without cmmi10's old-style figures.
LIGHT_FONTS = [
    "DejaVuSans",
    "DejaVuSans-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralItalic",
    "cmr10",
    "cmss10",
    "cmtt10",
]
BOLD_FONTS = [
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
    "cmb10",
]

MARKER_TEXT = (
    "These are not MNIST. They are digits drawn from the fonts that come with matplotlib,\n"
    "in MNIST's file format, made by `python -m data` to stand in for it without a network.\n"
)


def make(root: Path | str, train: int = 6_000, test: int = 1_000) -> bool:
    """Put the drawn digits in `root` unless a set is there already; True if made now.

    Of several processes that try at once, one makes the set and the others find it made.
    Raises FileExistsError where the folder is there but lacks files.
    """
    if not idx.missing(root):
        return False
    try:
        idx.write_dataset(root, *draw(train, test), marker=MARKER_TEXT)
    except FileExistsError:
        if missing := idx.missing(root):
            raise FileExistsError(
                f"{idx.raw_folder(root)} lacks {', '.join(missing)}: delete that folder, "
                "then `python -m data` draws the digits anew"
            ) from None
        return False
    return True


def draw(
    train: int = 6_000, test: int = 1_000
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Two sets (images, labels), uint8 (n, 28, 28) and uint8 (n,), shuffled, n/10 of each digit.

    The same bytes on every call; the global random state is left alone.
    Raises ValueError where `train` or `test` is not a positive multiple of 10.
    """
    import torch

    for name, n in (("train", train), ("test", test)):
        if n < 10 or n % 10:
            raise ValueError(f"{name} must be a positive multiple of 10, not {n}")
    generator = torch.Generator().manual_seed(SEED)
    threads = torch.get_num_threads()
    # Processes that draw at once, each on every core, wait for one another: 30 s instead of 1.
    torch.set_num_threads(1)
    try:
        pages = _pages((train + test) // 10, generator)
    finally:
        torch.set_num_threads(threads)

    def shuffled(pages: Tensor) -> tuple[Tensor, Tensor]:
        order = torch.randperm(10 * len(pages), generator=generator)
        labels = torch.arange(10, dtype=torch.uint8).repeat(len(pages))
        return pages.flatten(0, 1)[order], labels[order]

    return shuffled(pages[: train // 10]), shuffled(pages[train // 10 :])


def _pages(hands: int, generator: Generator) -> Tensor:
    """What each hand writes: uint8 (hands, 10, 28, 28)."""
    import torch
    from torch.nn.functional import avg_pool2d, interpolate, max_pool2d
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2 import functional as transforms

    fonts = [_glyphs(font) for font in LIGHT_FONTS + BOLD_FONTS]
    font_of = torch.randint(len(fonts), (hands,), generator=generator).tolist()
    habits = torch.rand(hands, 8, generator=generator, dtype=torch.float32)
    tremble = 0.04 * (2 * torch.rand(hands, 2, 5, 5, generator=generator, dtype=torch.float32) - 1)
    bends = interpolate(tremble, (SIDE, SIDE), mode="bicubic", align_corners=True)

    pages = []
    for font, habit, bend in zip(font_of, habits.tolist(), bends.movedim(1, -1), strict=True):
        thickness, size, pen, *signed = habit
        angle, slant, tilt, across, down = (2 * value - 1 for value in signed)
        ink = fonts[font]
        grow = int(3 * thickness) if font < len(LIGHT_FONTS) else 0
        if grow:
            ink = max_pool2d(ink, 2 * grow + 1, stride=1, padding=grow)
        ink = transforms.elastic(ink, bend[None])
        ink = transforms.affine(
            ink,
            angle=12 * angle,
            translate=[1.75 * SCALE * across, 1.75 * SCALE * down],
            scale=0.8 + 0.25 * size,
            shear=[12 * slant, 4 * tilt],
            interpolation=InterpolationMode.BILINEAR,
        )
        ink = transforms.gaussian_blur(ink, [2 * SCALE + 1] * 2, [SCALE * (0.3 + 0.4 * pen)] * 2)
        pages.append(avg_pool2d(ink, SCALE))
    images = torch.stack(pages).squeeze(2)
    return (255 * images / images.amax((2, 3), keepdim=True)).round().to(torch.uint8)


def _glyphs(font: str) -> Tensor:
    """The ten digits in `font`, each filling MNIST's box: float32 (10, 1, SIDE, SIDE) in 0-1."""
    import matplotlib
    import torch
    from PIL import Image, ImageDraw, ImageFont
    from torchvision.transforms.v2.functional import pil_to_tensor

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    if not path.is_file():
        raise FileNotFoundError(
            f"matplotlib {matplotlib.__version__} lacks {path.name}, one of the fonts that the "
            f"digits are drawn with: {path}"
        )
    # The other layout engine is not in every build of Pillow, and places glyphs differently.
    layout = ImageFont.Layout.BASIC
    sample = ImageFont.truetype(str(path), 100, layout_engine=layout)
    glyphs = []
    for digit in "0123456789":
        left, top, right, bottom = sample.getbbox(digit)
        size = 100 * BOX / max(right - left, bottom - top)
        fitted = ImageFont.truetype(str(path), round(size), layout_engine=layout)
        left, top, right, bottom = fitted.getbbox(digit)
        image = Image.new("L", (SIDE, SIDE))
        place = (SIDE - left - right) // 2, (SIDE - top - bottom) // 2
        ImageDraw.Draw(image).text(place, digit, fill=255, font=fitted)
        glyphs.append(pil_to_tensor(image).to(torch.float32) / 255)
    return torch.stack(glyphs)
