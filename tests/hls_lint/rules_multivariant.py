"""What a multivariant playlist must say of its renditions (RFC 8216, 4.3.4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.hls_lint.faults import Fault
from tests.hls_lint.multivariant import Attributes, Multivariant, Variant

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
GROUPS = ("AUDIO", "SUBTITLES")


def check_multivariant(master: Multivariant) -> Iterator[Fault]:
    if not master.variants:
        yield _fault(master, "variants", "4.3.4.2", "it has no variant")
    if not master.are_independent:
        yield _fault(master, "independent", "4.3.5.1", "it does not call segments independent")
    for attributes in master.media:
        yield from _check_media(master, attributes)
    for kind, name in Counter((m.get("TYPE"), m.get("GROUP-ID")) for m in master.media):
        yield from _check_group(master, str(kind), str(name))
    for variant in master.variants:
        yield from _check_variant(master, variant)
    for variant in master.iframes:
        yield from _check_iframes(master, variant)


def _fault(master: Multivariant, rule: str, section: str, detail: str) -> Fault:
    return Fault(rule, section, master.address, detail)


def _check_media(master: Multivariant, media: Attributes) -> Iterator[Fault]:
    name = media.get("NAME", "?")
    for required in ("TYPE", "GROUP-ID", "NAME"):
        if not media.get(required):
            yield _fault(master, "media-attributes", "4.3.4.1", f"{name} has no {required}")
    if media.get("TYPE") not in {"AUDIO", "SUBTITLES"}:
        yield _fault(master, "media-attributes", "4.3.4.1", f"{name} is of no type of ours")
    if media.get("TYPE") == "SUBTITLES" and "URI" not in media:
        yield _fault(master, "media-attributes", "4.3.4.1", f"the captions {name} have no URI")
    if media.get("TYPE") == "AUDIO" and not media.get("CHANNELS"):
        yield _fault(master, "channels", "4.3.4.1", f"{name} does not say how many channels it has")
    for flag in ("DEFAULT", "AUTOSELECT", "FORCED"):
        if media.get(flag, "NO") not in {"YES", "NO"}:
            yield _fault(master, "media-attributes", "4.3.4.1", f"{flag} of {name} is no flag")
    if media.get("DEFAULT") == "YES" and media.get("AUTOSELECT", "YES") != "YES":
        yield _fault(master, "autoselect", "4.3.4.1", f"{name} is default and never selected")
    language = media.get("LANGUAGE")
    if language is not None and not LANGUAGE.fullmatch(language):
        yield _fault(master, "language", "4.3.4.1", f"{name} is in no language: {language}")


def _check_group(master: Multivariant, kind: str, name: str) -> Iterator[Fault]:
    group = master.group(kind, name)
    for value, count in Counter(media.get("NAME") for media in group).items():
        if count > 1:
            yield _fault(master, "names", "4.3.4.1.1", f"{value} stands twice in {name}")
    if sum(media.get("DEFAULT") == "YES" for media in group) > 1:
        yield _fault(master, "defaults", "4.3.4.1.1", f"{name} has several defaults")
    selected = Counter(m.get("LANGUAGE") for m in group if m.get("AUTOSELECT") == "YES")
    for language, count in selected.items():
        if count > 1:
            detail = f"players cannot choose between the {count} of {language} in {name}"
            yield _fault(master, "autoselect", "4.3.4.1.1", detail)
    used = {v.attributes.get(kind) for v in master.variants}
    if name not in used:
        yield _fault(master, "groups", "4.3.4.2.1", f"no variant uses the group {name}")


def _check_variant(master: Multivariant, variant: Variant) -> Iterator[Fault]:
    said = variant.attributes
    yield from _check_rates(master, variant)
    for kind in GROUPS:
        if kind in said and not master.group(kind, said[kind]):
            detail = f"{variant.address} names a group {said[kind]} that is not there"
            yield _fault(master, "groups", "4.3.4.2", detail)
    others = [other.attributes for other in master.variants]
    if any((kind in said) != (kind in other) for kind in GROUPS for other in others):
        detail = f"{variant.address} lacks a group that others have"
        yield _fault(master, "groups", "4.3.4.2.1", detail)
    closed = {other.get("CLOSED-CAPTIONS") for other in others}
    if "NONE" in closed and len(closed) > 1:
        yield _fault(master, "closed-captions", "4.3.4.2", "NONE must stand at every variant")
    has_picture = "avc" in said.get("CODECS", "")
    for required in ("RESOLUTION", "FRAME-RATE"):
        if has_picture and required not in said:
            yield _fault(master, "picture", "4.3.4.2", f"{variant.address} has no {required}")


def _check_iframes(master: Multivariant, variant: Variant) -> Iterator[Fault]:
    yield from _check_rates(master, variant)
    for foreign in ("FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"):
        if foreign in variant.attributes:
            detail = f"{variant.address} has {foreign}, which key frames do not have"
            yield _fault(master, "iframe-variant", "4.3.4.3", detail)
    if "," in variant.attributes.get("CODECS", ""):
        detail = f"{variant.address} names more than the codec of its pictures"
        yield _fault(master, "iframe-variant", "4.3.4.3", detail)


def _check_rates(master: Multivariant, variant: Variant) -> Iterator[Fault]:
    said = variant.attributes
    if "BANDWIDTH" not in said:
        yield _fault(master, "bandwidth", "4.3.4.2", f"{variant.address} has no BANDWIDTH")
    elif int(said.get("AVERAGE-BANDWIDTH", 0)) > int(said["BANDWIDTH"]):
        detail = f"{variant.address} needs more on average than at its peak"
        yield _fault(master, "bandwidth", "4.3.4.2", detail)
    if "CODECS" not in said:
        yield _fault(master, "codecs", "4.3.4.2", f"{variant.address} has no CODECS")
