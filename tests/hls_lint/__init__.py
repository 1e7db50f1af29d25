"""A strict reader of HLS presentations: what RFC 8216 forbids, each fault with its section.

    faults = lint(fetch_presentation("https://…/master.m3u8", fetch))

It knows nothing of the portal and is stricter than players are: tags and attributes that it does
not know are faults, too. https://www.rfc-editor.org/rfc/rfc8216
"""

from __future__ import annotations

from tests.hls_lint.faults import Fault
from tests.hls_lint.presentation import Fetch, Presentation, fetch_presentation
from tests.hls_lint.rules_across import check_across
from tests.hls_lint.rules_captions import check_captions
from tests.hls_lint.rules_media import check_media
from tests.hls_lint.rules_multivariant import check_multivariant
from tests.hls_lint.rules_rates import check_rates

__all__ = ["Fault", "Fetch", "Presentation", "fetch_presentation", "lint"]


def lint(found: Presentation) -> list[Fault]:
    """Every fault that can be seen without decoding; `tests.hls_lint.decoding` finds the rest."""
    faults = list(found.faults)
    faults += check_multivariant(found.master)
    for playlist in found.playlists.values():
        faults += check_media(playlist)
    faults += check_across(found)
    faults += check_captions(found)
    faults += check_rates(found)
    return faults
