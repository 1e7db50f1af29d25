"""TIFF files: they are the EXIF structure themselves, and hold IPTC and XMP as fields."""

from __future__ import annotations

from workers.photo import tiff
from workers.photo.blocks import photoshop
from workers.photo.blocks.models import BLOCK_BYTES_MAX, Blocks, Data
from workers.photo.tiff import LONG, Field

_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377
DATASET_MARKER = b"\x1c"


def tiff_blocks(data: Data) -> Blocks:
    order = tiff.byte_order(data)
    if order is None:
        return Blocks()
    fields = tiff.read_directory(
        data,
        order,
        tiff.first_directory(data, order),
        {_XMP, _IPTC, _PHOTOSHOP},
        value_bytes_max=BLOCK_BYTES_MAX,
    ).fields
    resources = photoshop.read_resources(_value(fields.get(_PHOTOSHOP)))
    iptc = fields.get(_IPTC)
    return Blocks(
        exif=data,
        iptc=_datasets(iptc) if iptc else resources.get(photoshop.IPTC, b""),
        iptc_digest=resources.get(photoshop.IPTC_DIGEST, b""),
        xmp=_value(fields.get(_XMP)),
    )


def _value(field: Field | None) -> bytes:
    return b"" if field is None else field.value


def _datasets(field: Field) -> bytes:
    """Declared as 32-bit numbers, as many programs do, they are turned over by some of them."""
    value = field.value
    if field.type != LONG or value[:1] == DATASET_MARKER or value[3:4] != DATASET_MARKER:
        return value
    return b"".join(value[at : at + 4][::-1] for at in range(0, len(value), 4))
