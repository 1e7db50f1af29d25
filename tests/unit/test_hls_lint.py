"""The linter finds each fault that it knows, in a presentation that is right but for that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.delivery.offers import Offer
from portal.transcripts.models import Cue
from tests.hls_lint import Fault, fetch_presentation, lint
from tests.rendered_hls import LARGE, MASTER, SMALL, SOUND, rendered, rendition

CUES = [Cue(1.0, 2.5, "The stamp"), Cue(28.0, 33.0, "is cancelled"), Cue(40.0, 41.0, "now")]
SECONDS = (4.0,) * 10
LONG = [
    rendition(
        part.name,
        part.kind,
        peak_bps=part.bandwidth_bps,
        average_bps=part.average_bandwidth_bps,
        width=part.width,
        height=part.height,
        codecs=part.codecs,
        language=part.language,
        seconds=SECONDS,
        keyframe_bytes=(9_000,) * 10 if part.width else None,
    )
    for part in (SMALL, LARGE, SOUND)
]
OFFER = Offer((LONG[0], LONG[1]), (LONG[2],))
STARTS_AT = datetime(2019, 6, 4, 10, tzinfo=UTC)

BREAKS = [
    ("header", "master.m3u8", "#EXTM3U\n", ""),
    ("encoding", "master.m3u8", 'NAME="Русский"', 'NAME="Р\x07"'),
    ("line-end", "master.m3u8", "#EXTM3U", "#EXTM3U"),
    ("attributes", "master.m3u8", "RESOLUTION=640x360", "RESOLUTION=640"),
    ("attributes", "master.m3u8", 'LANGUAGE="ru"', "LANGUAGE=ru"),
    ("attributes", "master.m3u8", "DEFAULT=YES", "DEFAULT=YES,DEFAULT=YES"),
    ("attributes", "master.m3u8", "DEFAULT=YES", "FAULT=YES"),
    ("unknown-tag", "master.m3u8", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-INDEPENDENT"),
    ("independent", "master.m3u8", "#EXT-X-INDEPENDENT-SEGMENTS\n", ""),
    ("mixed", "master.m3u8", "#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-ENDLIST\n"),
    ("variant-address", "master.m3u8", "\n360p.m3u8", ""),
    ("address", "master.m3u8", "\n360p.m3u8", "\n144p.m3u8"),
    ("media-attributes", "master.m3u8", "TYPE=AUDIO,", ""),
    ("autoselect", "master.m3u8", "AUTOSELECT=YES", "AUTOSELECT=NO"),
    ("channels", "master.m3u8", ',CHANNELS="2"', ""),
    ("language", "master.m3u8", 'LANGUAGE="ru"', 'LANGUAGE="Russian language"'),
    ("groups", "master.m3u8", 'GROUP-ID="sound"', 'GROUP-ID="noise"'),
    ("bandwidth", "master.m3u8", "BANDWIDTH=938000,", ""),
    ("codecs", "master.m3u8", 'CODECS="avc1.64001e,mp4a.40.2",', ""),
    ("picture", "master.m3u8", "RESOLUTION=640x360,", ""),
    ("closed-captions", "master.m3u8", ",CLOSED-CAPTIONS=NONE\n360p", "\n360p"),
    ("iframe-variant", "master.m3u8", "#EXT-X-I-FRAME-STREAM-INF:", "{}FRAME-RATE=25,"),
    ("peak-rate", "master.m3u8", ":BANDWIDTH=938000", ":BANDWIDTH=538000"),
    ("average-rate", "master.m3u8", "AVERAGE-BANDWIDTH=636000", "AVERAGE-BANDWIDTH=536000"),
    ("repeated", "720p.m3u8", "#EXT-X-MEDIA-SEQUENCE:1\n", "{}{}"),
    ("target", "720p.m3u8", "#EXT-X-TARGETDURATION:4\n", ""),
    ("target", "720p.m3u8", "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3"),
    ("same-target", "720p.m3u8", "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:5"),
    ("version", "720p.m3u8", "#EXT-X-VERSION:7", "#EXT-X-VERSION:5"),
    ("playlist-type", "720p.m3u8", "TYPE:VOD", "TYPE:LIVE"),
    ("end", "720p.m3u8", "#EXT-X-ENDLIST\n", ""),
    ("order", "720p.m3u8", "#EXT-X-ENDLIST\n", "{}#EXT-X-VERSION:7\n"),
    ("extinf", "720p.m3u8", "#EXTINF:4.000000,\n", ""),
    ("extinf", "720p.m3u8", "#EXTINF:4.000000,", "#EXTINF:4.000000"),
    ("discontinuity", "720p.m3u8", "#EXTINF:4.000000,\n", "#EXT-X-DISCONTINUITY\n{}"),
    ("map", "720p.m3u8", '#EXT-X-MAP:URI="transcode/1/720p/init.mp4"\n', ""),
    ("aligned", "720p.m3u8", "#EXTINF:4.000000,", "#EXTINF:3.900000,"),
    ("aligned", "720p.m3u8", "SEQUENCE:1", "SEQUENCE:2"),
    ("segments", "720p.m3u8", "00002.m4s", "00001.m4s"),
    ("date", "720p.m3u8", "2019-06-04T10", "2019-06-04T11"),
    ("date", "720p.m3u8", ".000+00:00", ""),
    ("address", "720p.m3u8", "00001.m4s", "00099.m4s"),
    ("byterange", "720p.iframes.m3u8", "#EXT-X-BYTERANGE:9000@0\n", ""),
    ("byterange", "720p.iframes.m3u8", "9000@0", "9000"),
    ("iframes", "720p.iframes.m3u8", "#EXT-X-I-FRAMES-ONLY\n", ""),
    ("iframes", "720p.iframes.m3u8", "#EXTINF:4.000000,", "#EXTINF:1.000000,"),
    ("length", "captions/ru.m3u8", "#EXTINF:30.000000,", "#EXTINF:3.000000,"),
    ("webvtt", "captions/ru/00001.vtt", "WEBVTT", "WEBVIT"),
    ("webvtt", "captions/ru/00001.vtt", "00:00:01.000 -->", "00:00:01,000 -->"),
    ("webvtt", "captions/ru/00001.vtt", "00:00:02.500", "00:00:00.500"),
    ("webvtt-clock", "captions/ru/00001.vtt", "X-TIMESTAMP-MAP=", "X-MAP="),
    ("webvtt-border", "captions/ru/00002.vtt", "00:00:28.000", "00:00:29.000"),
]


def faults_of(files: dict[str, bytes]) -> list[Fault]:
    return lint(fetch_presentation(MASTER, files.get))


def presentation() -> dict[str, bytes]:
    return rendered(OFFER, captions={"ru": CUES, "en": CUES}, starts_at=STARTS_AT)


def test_what_is_right_has_no_fault() -> None:
    assert faults_of(presentation()) == []


@pytest.mark.parametrize(("rule", "file", "old", "new"), BREAKS)
def test_a_broken_presentation_is_found_out(rule: str, file: str, old: str, new: str) -> None:
    files = presentation()
    address = MASTER.replace("master.m3u8", file)
    text = files[address].decode()
    assert old in text
    broken = text.replace(old, new.replace("{}", old), 1)
    files[address] = (broken.rstrip("\n") if rule == "line-end" else broken).encode()
    faults = faults_of(files)
    assert rule in {fault.rule for fault in faults}, faults
    assert all(fault.section and fault.place for fault in faults)


def test_groups_name_each_of_theirs_once_and_prefer_one() -> None:
    files = presentation()
    text = files[MASTER].decode()
    [sound] = [line for line in text.splitlines() if "TYPE=AUDIO" in line]
    files[MASTER] = text.replace(sound, f"{sound}\n{sound}").encode()
    assert {fault.rule for fault in faults_of(files)} == {"names", "defaults", "autoselect"}


def test_a_segment_that_is_too_large_for_its_rate_is_found() -> None:
    files = presentation()
    address = next(a for a in files if a.endswith("/720p/00003.m4s"))
    files[address] = bytes(len(files[address]) * 2)
    assert [fault.rule for fault in faults_of(files)] == ["peak-rate"]


def test_bytes_that_are_no_text_are_no_playlist() -> None:
    files = presentation()
    address = MASTER.replace("master", "720p")
    files[address] = files[address].replace(b"VOD", b"V\xffD")
    assert "encoding" in {fault.rule for fault in faults_of(files)}
