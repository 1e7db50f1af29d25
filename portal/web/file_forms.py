"""Forms with files, for pages without script: one file after the other, each to a file on disk.

The token against forged requests must come before the first file: what is forged is not even read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from portal.errors import InvalidInput
from portal.web.body_limit import allow_body
from portal.web.body_spool import closed_in_the_end, full_disk_told, open_file, paced_chunks
from portal.web.forms import TOKEN_FIELD, check_token
from portal.web.multipart import FieldBegins, FieldData, FieldEnds, Multipart, Piece

FILES_MAX = 50
TEXT_BYTES_MAX = 64 * 1024
"""Of all fields that are no files together, and of what stands between fields."""


@dataclass(frozen=True)
class SentFile:
    """`body` is to be read from its beginning; None when the file is larger than allowed."""

    filename: str
    body: BinaryIO | None


class _FileForm:
    def __init__(
        self,
        check: Callable[[str], None],
        *,
        folder: Path,
        file_bytes_max: int,
        free_bytes_min: int,
    ) -> None:
        self._check = check
        self._file_bytes_max = file_bytes_max
        self._open = partial(
            open_file, folder, size_bytes=file_bytes_max, free_bytes_min=free_bytes_min
        )
        self._field: FieldBegins | None = None
        self._file: BinaryIO | None = None
        self._text = bytearray()
        self._texts_bytes = 0
        self._is_checked = False
        self._is_too_large = False
        self._count = 0

    def take(self, piece: Piece) -> SentFile | None:
        """A file that is complete with this piece. Blocks: it writes to the disk."""
        with full_disk_told():
            match piece:
                case FieldBegins():
                    self._begin(piece)
                case FieldData():
                    self._add(piece.data)
                case FieldEnds():
                    return self._end()
        return None

    def close(self) -> None:
        if self._file is not None:
            with closed_in_the_end(self._file):
                self._file = None

    def _begin(self, field: FieldBegins) -> None:
        self._field = field
        self._text.clear()
        if field.filename is None:
            return
        if not self._is_checked:
            self._check("")
        self._count += 1
        if self._count > FILES_MAX:
            raise InvalidInput(f"A form can send at most {FILES_MAX} files at once.")
        self._is_too_large = False
        self._file = self._open()

    def _add(self, data: bytes) -> None:
        if self._file is None:
            self._texts_bytes += len(data)
            if self._texts_bytes > TEXT_BYTES_MAX:
                raise InvalidInput("The texts in this form are too long.")
            self._text += data
        elif not self._is_too_large:
            self._is_too_large = self._file.tell() + len(data) > self._file_bytes_max
            if self._is_too_large:
                self._file.truncate(0)
            else:
                self._file.write(data)

    def _end(self) -> SentFile | None:
        field, file = self._field, self._file
        if field is None or field.filename is None or file is None:
            if field is not None and field.name == TOKEN_FIELD:
                self._check(self._text.decode(errors="replace"))
                self._is_checked = True
            return None
        if not field.filename and not file.tell():  # how a browser says that none was chosen
            self.close()
            return None
        file.seek(0)
        return SentFile(field.filename, None if self._is_too_large else file)


async def read_files(
    request: Request, *, folder: Path, file_bytes_max: int, free_bytes_min: int
) -> AsyncIterator[SentFile]:
    """The files of a form, each as soon as it is there; its body is gone at the next one.

    Raises Forbidden without the token, InvalidInput, TooLarge, TooSlow, InsufficientStorage.
    """
    bytes_max = FILES_MAX * file_bytes_max + TEXT_BYTES_MAX
    allow_body(request, bytes_max=bytes_max)
    multipart = Multipart(request.headers.get("content-type", ""))
    form = _FileForm(
        lambda token: check_token(request, token),
        folder=folder,
        file_bytes_max=file_bytes_max,
        free_bytes_min=free_bytes_min,
    )
    try:
        async for chunk in paced_chunks(request):
            for piece in multipart.feed(chunk):
                sent = await run_in_threadpool(form.take, piece)
                if sent is not None:
                    yield sent
                    form.close()
        multipart.finish()
    finally:
        form.close()
