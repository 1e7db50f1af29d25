"""What the upload area of an event's desk page is told: limits, and words for what script shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel.lists import format_list

from portal.assets.models import AssetState, Kind, Step, StepState
from portal.desk.views import ASSET_STATE_NAMES, KIND_NAMES, STEP_NAMES, STEP_STATE_NAMES
from portal.settings import Settings
from portal.uploads.models import Upload
from portal.web.formatting import LOCALE_NAMES, format_instant
from portal.web.i18n import gettext, msg, ngettext
from portal.web.presentation import format_size

TAKEN_NAMES: Mapping[str, str] = {
    Kind.VIDEO: msg("video"),
    Kind.AUDIO: msg("audio"),
    Kind.PHOTO: msg("photos"),
    Kind.CAPTIONS: msg("captions (.srt, .vtt, .ttml, .sbv, .txt)"),
}
PLURAL_FORMS: Mapping[str, int] = {"one": 1, "few": 2, "many": 5, "other": 5}
"""A number of each, by the names of browsers: https://cldr.unicode.org/index/cldr-spec/plural-rules"""
SIZE_WORDS: Mapping[str, str] = {
    "kilobytes": msg("%(value)s kB"),
    "megabytes": msg("%(value)s MB"),
    "gigabytes": msg("%(value)s GB"),
    "terabytes": msg("%(value)s TB"),
}
UPLOAD_WORDS: Mapping[str, str] = {
    "queued": msg("In the queue"),
    "sending": msg("Sending"),
    "waiting": msg("Waiting for the connection"),
    "signed-out": msg("Waiting for sign-in"),
    "paused": msg("Paused"),
    "completing": msg("Finishing"),
    "sent": msg("Sent"),
    "duplicate": msg("In already"),
    "failed": msg("Interrupted"),
    "refused": msg("Refused"),
    "failed_network": msg("The server could not be reached. What was sent is kept."),
    "failed_signed-out": msg("You are signed out. What was sent is kept."),
    "failed_unreadable": msg(
        "The file cannot be read: it was changed or moved. Choose it once more."
    ),
    "failed_stopped": msg("Something unexpected happened on this page. What was sent is kept."),
    "discard_question": msg("What was sent of %(name)s is thrown away. Discard it?"),
    "share_sent": msg("%(share)s sent"),
    "sent_count": msg("Sent: %(done)s of %(all)s"),
    "sent_bytes": msg("%(done)s of %(all)s"),
    "failed_count": msg("Not sent: %(count)s"),
    "per_second": msg("%(size)s/s"),
    "seconds_left": msg("%(value)s s left"),
    "minutes_left": msg("%(value)s min left"),
    "hours_left": msg("%(value)s h left"),
    **SIZE_WORDS,
}
"""What script says of a file on its way, by the names of its states."""
FILES_WORDS: Mapping[str, str] = {
    **SIZE_WORDS,
    "step": msg("%(name)s: %(state)s %(progress)s"),
    **{f"kind_{kind}": KIND_NAMES[kind] for kind in Kind},
    **{f"asset_{state}": ASSET_STATE_NAMES[state] for state in AssetState},
    **{f"step_{step}": STEP_NAMES[step] for step in Step},
    **{f"state_{state}": STEP_STATE_NAMES[state] for state in StepState},
}
"""What script says of the files that are in."""


@dataclass(frozen=True)
class InterruptedFile:
    """A file that this editor began to send and did not end."""

    upload_id: str
    filename: str
    size_bytes: int
    size: str
    begun: str


@dataclass(frozen=True)
class UploadPanel:
    """`taken`: which files, at most how large; `form_limit`: for the form without script.

    `steps`: the names of all steps, in the order in which the page lists them.
    """

    taken: str
    limit: str
    form_limit: str
    interrupted: tuple[InterruptedFile, ...]
    steps: str
    words: Mapping[str, str]
    files_words: Mapping[str, str]


def upload_panel(
    settings: Settings, interrupted: Sequence[Upload], *, time_zone: str, language: str
) -> UploadPanel:
    kinds = settings.upload_kinds
    names = [gettext(language, name) for kind, name in TAKEN_NAMES.items() if kind in kinds]
    return UploadPanel(
        taken=format_list(names, style="standard", locale=LOCALE_NAMES[language]),
        limit=format_size(settings.upload_bytes_max, language=language),
        form_limit=format_size(settings.upload_form_bytes_max, language=language),
        interrupted=tuple(_interrupted(upload, time_zone, language) for upload in interrupted),
        steps=" ".join(Step),
        words=_in_language(UPLOAD_WORDS, language),
        files_words=_in_language(FILES_WORDS, language),
    )


def _interrupted(upload: Upload, time_zone: str, language: str) -> InterruptedFile:
    begun_at = upload.begun_at
    return InterruptedFile(
        upload_id=upload.id,
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        size=format_size(upload.size_bytes, language=language),
        begun=format_instant(begun_at, language=language, time_zone=time_zone) if begun_at else "",
    )


def _in_language(words: Mapping[str, str], language: str) -> Mapping[str, str]:
    return {
        **{name: gettext(language, text) for name, text in words.items()},
        **{
            f"bytes_{form}": ngettext(language, "%(value)s byte", "%(value)s bytes", count)
            for form, count in PLURAL_FORMS.items()
        },
    }
