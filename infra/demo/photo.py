"""Writes a photo file as a camera and a picture desk would: JPEG, EXIF and IPTC."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image

from infra.demo import iptc
from infra.demo.album import CITY, COUNTRY, CREDIT, PHOTOGRAPHER, Shot
from infra.demo.canvas import Canvas
from infra.demo.scenery import MOTIFS
from infra.demo.screenplay import LABEL

QUALITY = 88
TURNED_LEFT = 6
"""EXIF orientation: turn by 90 degrees clockwise to see it upright."""
SOMEWHERE_DEGREES = (53.0, 54.0, 9.0), (27.0, 33.0, 41.0)
"""Where the camera says it stood, so that one can see that the portal does not tell."""


def take(shot: Shot) -> bytes:
    """The whole file."""
    canvas = Canvas(shot.size, top=shot.colours[0], bottom=shot.colours[1])
    MOTIFS[shot.motif](canvas)
    picture = canvas.finish(label=LABEL, seed=shot.number)
    if shot.is_turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, exif=_exif(shot))
    return iptc.embed(file.getvalue(), _iptc_record(shot))


def write(shot: Shot, *, into: Path) -> Path:
    path = into / shot.filename
    path.write_bytes(take(shot))
    return path


def _exif(shot: Shot) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Demonstration"
    exif[ExifTags.Base.Model] = "Demonstration D1"
    exif[ExifTags.Base.ImageDescription] = LABEL
    exif[ExifTags.Base.Orientation] = TURNED_LEFT if shot.is_turned else 1
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = f"{shot.taken_at:%Y:%m:%d %H:%M:%S}"
    camera[ExifTags.Base.OffsetTimeOriginal] = "+03:00"
    camera[ExifTags.Base.LensModel] = "Demonstration 24-70mm F2.8"
    camera[ExifTags.Base.ExposureTime] = 1 / 160
    camera[ExifTags.Base.FNumber] = 4.0
    camera[ExifTags.Base.ISOSpeedRatings] = 400 + shot.number
    camera[ExifTags.Base.FocalLength] = 50.0
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude, longitude = SOMEWHERE_DEGREES
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", latitude
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", longitude
    return exif


def _iptc_record(shot: Shot) -> iptc.Record:
    return iptc.Record(
        headline=shot.headline,
        caption=f"{shot.caption} ({LABEL}.)",
        by_line=PHOTOGRAPHER,
        credit=CREDIT,
        copyright_notice=f"{LABEL}, free for any use",
        city=CITY,
        country=COUNTRY,
        keywords=("postal heritage", "conference", shot.motif.replace("_", " ")),
        created_at=shot.taken_at,
    )
