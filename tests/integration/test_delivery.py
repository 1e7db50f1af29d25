"""Bytes go to whoever may see them, whole and in parts, and to nobody else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import update
from starlette.testclient import TestClient

from portal.assets import service as assets
from portal.assets.models import Outcome, Step
from portal.db import tables
from portal.delivery.urls import (
    captions_path,
    captions_segment_path,
    hls_path,
    original_path,
    playlist_path,
    rendition_path,
    segment_path,
    subrip_path,
)
from portal.ids import new_id
from portal.runtime import Runtime
from tests.delivered import (
    FILE_BYTES,
    IMAGE_BYTES,
    INIT_BYTES,
    LARGE_BYTES,
    LAST_BYTES,
    Delivered,
    publish,
    put_in,
)
from tests.delivery_requests import (
    METHODS,
    NOWHERE,
    PLACES,
    SAVED_AS,
    STATES,
    address,
    ask,
    bring_to,
    expected_status,
    web_client,
)


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    return put_in(runtime, tmp_path)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with web_client(runtime) as client:
        yield client


# --- who may see what ------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_the_public_gets_what_is_public(
    client: TestClient, runtime: Runtime, delivered: Delivered, state: str
) -> None:
    bring_to(runtime, state)
    for place in PLACES:
        for method in METHODS:
            answer = ask(client, address(place, delivered), method=method)
            if state == "public":
                assert answer.status_code == expected_status(place, method), (place, method)
                assert "no-store" not in answer.headers["cache-control"]
                assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            else:
                assert answer.status_code == 404, (place, method)
                assert answer.headers["cache-control"] == "no-store"
                assert "etag" not in answer.headers


@pytest.mark.parametrize("state", STATES)
def test_the_desk_gets_everything_and_nobody_keeps_what_is_not_public(
    client: TestClient, runtime: Runtime, delivered: Delivered, state: str
) -> None:
    bring_to(runtime, state)
    for place in (*PLACES, "original"):
        for method in METHODS:
            path = address(place, delivered)
            answer = ask(client, path, method=method, token=delivered.token)
            assert answer.status_code == expected_status(place, method), (place, method)
            is_kept = state == "public" and place != "original"
            assert ("no-store" not in answer.headers["cache-control"]) is is_kept
            policy = "cross-origin" if is_kept else "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == policy


def test_missing_and_hidden_answer_alike(client: TestClient, delivered: Delivered) -> None:
    stranger = Delivered(delivered.event_id, new_id(), new_id(), "")
    for place in (*PLACES, "original"):
        hidden = ask(client, address(place, delivered))
        missing = ask(client, address(place, stranger))
        assert hidden.json() == missing.json() == NOWHERE
        own = {"x-request-id"}
        assert {k: v for k, v in hidden.headers.items() if k not in own} == {
            k: v for k, v in missing.headers.items() if k not in own
        }


def test_originals_are_for_the_desk_even_when_public(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    path = original_path(delivered.recording_id)
    assert ask(client, path).json() == NOWHERE
    answer = ask(client, path, token=delivered.token)
    assert answer.content == LARGE_BYTES
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="____ 1.html"; ')
    assert disposition.endswith("filename*=UTF-8''%D0%AF%D1%80%D0%BE%D1%88%201.html")


def test_a_removed_asset_is_gone_for_everybody(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    with runtime.engine.begin() as connection:
        assets.remove_asset(connection, delivered.recording_id)
    for place in set(PLACES) - {"photo"}:
        assert ask(client, address(place, delivered), token=delivered.token).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media/{id}/hls/transcode/1/720p/..%2F..%2F..%2F..%2F..%2Fetc%2Fpasswd",
        "/media/{id}/hls/transcode/1/..%2F720p/init.mp4",
        "/media/{id}/hls/transcode/1/%2e%2e/init.mp4",
        "/media/{id}/hls/transcode/1/720p/%2e%2e",
        "/media/{id}/hls/transcode/0/720p/init.mp4",
        "/media/{id}/hls/transcode/01/720p/init.mp4",
        "/media/{id}/hls/transcode/-1/720p/init.mp4",
        "/media/{id}/hls/transcode/99999999999999999999/720p/init.mp4",
        "/media/{id}/hls/transcode/2/720p/init.mp4",
        "/media/{id}/hls/transcode/1/720p/00003.m4s",
        "/media/{id}/hls/transcode/1/720p/1.m4s",
        "/media/{id}/hls/transcode/1/720p/INIT.MP4",
        "/media/{id}/hls/transcode/1/720p/init.mp4%00",
        "/media/{id}/hls/transcode/1/720p%00/init.mp4",
        "/media/{id}/hls/preview/1/720p/init.mp4",
        "/media/{id}/hls/sound/1/720p/init.mp4",
        "/media/{id}/hls/transcode/1/sound-1/init.mp4",
        "/media/{id}/hls/poster/1/poster.jpg/init.mp4",
        "/media/{id}/hls/Transcode/1/720p/init.mp4",
        "/media/{id}/hls/%2e%2e/1/720p/init.mp4",
        "/media/{id}/hls/1/720p/init.mp4",
        "/media/{id}/hls/1440p.m3u8",
        "/media/{id}/hls/sound-1.iframes.m3u8",
        "/media/{id}/hls/1440p.iframes.m3u8",
        "/media/{id}/hls/captions/en.m3u8",
        "/media/{id}/hls/captions/%00.m3u8",
        "/media/{id}/hls/captions/en/00001.vtt",
        "/media/{id}/hls/captions/ru/00000.vtt",
        "/media/{id}/hls/captions/ru/1.vtt",
        "/media/{id}/hls/captions/ru/init.mp4",
        "/media/{id}/waveform.png",
        "/media/{id}/waveform.json%00",
        "/media/{id}/hls/poster.jpg.m3u8",
        "/media/{id}/hls/%00.m3u8",
        "/media/{id}/captions/en.vtt",
        "/media/{id}/captions/en.srt",
        "/media/{id}/captions/%00.vtt",
        "/media/{id}/720p",
        "/media/{id}/original%00",
        "/media/{id}/%2e%2e%2foriginal",
        "/media/{id}/photo-320.jpg",
        "/media/{id}%00/original",
        "/media/..%2f..%2fetc%2fpasswd/original",
        "/media//hls/master.m3u8",
    ],
)
def test_no_address_leads_elsewhere(
    client: TestClient, runtime: Runtime, delivered: Delivered, path: str
) -> None:
    bring_to(runtime, "public")
    found = path.replace("{id}", delivered.recording_id)
    assert ask(client, found, token=delivered.token).status_code == 404


# --- playing ---------------------------------------------------------------------------------


def test_a_player_finds_every_segment_from_the_master(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    master = hls_path(delivered.recording_id)
    listed = client.get(master)
    assert listed.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert listed.headers["cache-control"] == "no-cache"
    playlists = [urljoin(master, line) for line in listed.text.splitlines() if line[0] != "#"]
    assert "iframes" not in str(playlists)
    assert playlists == [playlist_path(delivered.recording_id, name) for name in ("360p", "720p")]
    for playlist in playlists:
        media = client.get(playlist)
        assert media.text.endswith("#EXT-X-ENDLIST\n")
        segments = [line for line in media.text.splitlines() if line[0] != "#"]
        answers = [client.get(urljoin(playlist, segment)) for segment in segments]
        assert [answer.content for answer in answers] == [LARGE_BYTES, LAST_BYTES]
        for answer in answers:
            assert answer.headers["content-type"] == "video/iso.segment"
            assert answer.headers["cache-control"] == "public, max-age=300"
            assert answer.headers["content-length"] == str(len(answer.content))


def test_the_preview_grows_into_the_ladder_at_the_same_address(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(runtime, "public")
    recording = delivered.recording_id
    with runtime.engine.begin() as connection:
        assets.retry_step(connection, recording, Step.TRANSCODE)
    publish(runtime, tmp_path, recording, Step.TRANSCODE, [], outcome=None)
    publish(runtime, tmp_path, recording, Step.PREVIEW, ["preview"])
    assert "preview.m3u8" in client.get(hls_path(recording)).text
    growing = client.get(playlist_path(recording, "preview")).text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing
    assert "#EXT-X-ENDLIST" not in growing

    third = publish(runtime, tmp_path, recording, Step.TRANSCODE, ["360p"])
    master = client.get(hls_path(recording)).text
    assert "preview" not in master
    assert "360p.m3u8" in master
    assert f"transcode/{third}/360p/00001.m4s" in client.get(playlist_path(recording, "360p")).text
    assert client.get(playlist_path(recording, "preview")).status_code == 404
    # Whoever plays the earlier ladder goes on as long as its bytes are there.
    assert (
        client.get(segment_path(recording, "transcode", 1, "720p", "init.mp4")).content
        == INIT_BYTES
    )


def test_a_preview_that_will_not_grow_any_more_ends(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(runtime, "public")
    recording = delivered.recording_id
    with runtime.engine.begin() as connection:
        assets.retry_step(connection, recording, Step.TRANSCODE)
        assets.retry_step(connection, recording, Step.SOUND)
    publish(runtime, tmp_path, recording, Step.SOUND, [], outcome=Outcome.FAILED)
    publish(runtime, tmp_path, recording, Step.PREVIEW, ["preview"])
    publish(runtime, tmp_path, recording, Step.TRANSCODE, [], outcome=Outcome.FAILED)
    ended = client.get(playlist_path(recording, "preview")).text
    assert ended.endswith("#EXT-X-ENDLIST\n")


def test_the_whole_sound_is_worth_more_than_the_beginning_of_a_picture_that_failed(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(runtime, "public")
    recording = delivered.recording_id
    with runtime.engine.begin() as connection:
        assets.retry_step(connection, recording, Step.TRANSCODE)
    publish(runtime, tmp_path, recording, Step.PREVIEW, ["preview"])
    publish(runtime, tmp_path, recording, Step.TRANSCODE, [], outcome=Outcome.FAILED)
    master = client.get(hls_path(recording)).text
    assert ("sound-1.m3u8" in master, "preview" in master) == (True, False)


def test_nothing_plays_before_something_was_made(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    assert client.get(hls_path(delivered.photo_id)).json() == NOWHERE


def test_a_segment_whose_bytes_are_gone_is_missing(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    runtime.store.delete(f"assets/{delivered.recording_id}/transcode/1/720p/00002.m4s")
    path = segment_path(delivered.recording_id, "transcode", 1, "720p", "00002.m4s")
    assert client.get(path).json() == NOWHERE


def test_a_shortened_image_is_an_error_and_never_half_an_answer(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(runtime, "public")
    short = tmp_path / "short"
    short.write_bytes(IMAGE_BYTES[:-1])
    key = f"assets/{delivered.photo_id}/photo/1/photo-320.jpg"
    runtime.store.put_file(key, short, media_type="image/jpeg")
    answer = client.get(rendition_path(delivered.photo_id, "photo-320.jpg"))
    assert (answer.status_code, answer.json()["error"]) == (500, "storage_corrupt")


def test_captions_are_segments_of_the_presentation_too(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    master = client.get(hls_path(delivered.recording_id)).text
    assert 'TYPE=SUBTITLES,GROUP-ID="captions",NAME="Русский",LANGUAGE="ru"' in master
    playlist = client.get(address("captions playlist", delivered))
    assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert playlist.text.count("#EXTINF:5.250000,\nru/00001.vtt") == 1
    segment = client.get(address("captions segment", delivered))
    assert segment.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "MPEGTS:0\n\n00:00:01.000 --> 00:00:02.500\n<v Ярош>Марка" in segment.text
    later = client.get(captions_segment_path(delivered.recording_id, "ru", 2))
    assert (later.status_code, "Марка" in later.text) == (200, False)


def test_all_playlists_tell_when_the_recording_began(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    with runtime.engine.begin() as connection:
        began = datetime(2019, 6, 4, 10, 0, tzinfo=UTC)
        connection.execute(
            update(tables.assets)
            .where(tables.assets.c.id == delivered.recording_id)
            .values(captured_at=began)
        )
    for place in ("playlist", "key frames", "captions playlist"):
        text = client.get(address(place, delivered)).text
        told = re.search(r"#EXT-X-PROGRAM-DATE-TIME:(.+)", text)
        assert told, place
        assert datetime.fromisoformat(told[1]) == began


def test_files_are_shown_in_place_or_saved_under_their_title(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    shown = client.get(address("file", delivered))
    assert shown.content == FILE_BYTES
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in shown.headers
    saved = client.get(address("download", delivered))
    assert saved.headers["content-type"] == "video/mp4"
    assert saved.headers["content-disposition"] == SAVED_AS
    assert saved.headers["cache-control"] == "public, max-age=300"
    other = client.get(address("download", delivered).replace("=1", "=0"))
    assert "content-disposition" not in other.headers


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/x-nonsense"])
def test_a_file_of_a_type_that_could_run_is_bytes_and_nothing_else(
    client: TestClient, runtime: Runtime, delivered: Delivered, media_type: str
) -> None:
    bring_to(runtime, "public")
    with runtime.engine.begin() as connection:
        connection.execute(
            update(tables.renditions)
            .where(tables.renditions.c.name == "waveform.json")
            .values(media_type=media_type)
        )
    answer = client.get(address("file", delivered))
    assert answer.headers["content-type"] == "application/octet-stream"


def test_captions_and_images(client: TestClient, runtime: Runtime, delivered: Delivered) -> None:
    bring_to(runtime, "public")
    captions = client.get(captions_path(delivered.recording_id, "ru"))
    assert captions.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "00:00:01.000 --> 00:00:02.500\n<v Ярош>Марка &lt;погашена&gt;" in captions.text
    subrip = client.get(subrip_path(delivered.recording_id, "ru"))
    assert subrip.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert "1\n00:00:01,000 --> 00:00:02,500\nЯрош: Марка <погашена>" in subrip.text
    image = client.get(rendition_path(delivered.photo_id, "photo-320.jpg"))
    assert image.headers["content-type"] == "image/jpeg"
    assert image.content == IMAGE_BYTES


# --- conditions and ranges -------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_known_bytes_are_not_sent_again(
    client: TestClient, runtime: Runtime, delivered: Delivered, place: str
) -> None:
    bring_to(runtime, "public")
    path = address(place, delivered)
    first = client.get(path)
    etag = first.headers["etag"]
    again = client.get(path, headers={"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert client.get(path, headers={"if-none-match": '"other"'}).content == first.content


KEPT_SECONDS = {"no-cache": 0, "public, max-age=300": 300}


@pytest.mark.parametrize("place", PLACES)
def test_a_withdrawal_reaches_every_cache_within_minutes(
    client: TestClient, runtime: Runtime, delivered: Delivered, place: str
) -> None:
    bring_to(runtime, "public")
    path = address(place, delivered)
    kept = client.get(path).headers
    assert KEPT_SECONDS[kept["cache-control"]] <= 300
    bring_to(runtime, "withdrawn")
    again = client.get(path, headers={"if-none-match": kept["etag"]})
    assert (again.status_code, again.json()) == (404, NOWHERE)


@pytest.mark.parametrize("known", ["*", '"assets/{id}/transcode/1/720p/00003.m4s"'])
def test_what_is_not_there_is_not_known_either(
    client: TestClient, runtime: Runtime, delivered: Delivered, known: str
) -> None:
    bring_to(runtime, "public")
    path = segment_path(delivered.recording_id, "transcode", 1, "720p", "00003.m4s")
    condition = known.replace("{id}", delivered.recording_id)
    answer = client.get(path, headers={"if-none-match": condition})
    assert (answer.status_code, answer.json()) == (404, NOWHERE)


def test_a_head_tells_what_a_get_would_send(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    path = address("segment", delivered)
    head = client.head(path, headers={"range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    got = client.get(path).headers
    own = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in got.items() if k not in own
    }
    assert head.headers["accept-ranges"] == "bytes"


def test_any_range_is_that_slice(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    path = address("segment", delivered)
    size_bytes = len(LARGE_BYTES)
    positions = st.integers(0, size_bytes + 1000)

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(positions, positions | st.none())
    def check(first: int, last: int | None) -> None:
        answer = client.get(
            path, headers={"range": f"bytes={first}-{'' if last is None else last}"}
        )
        end = size_bytes if last is None else last + 1
        wanted = LARGE_BYTES[first:end]
        if last is not None and last < first:
            assert (answer.status_code, len(answer.content)) == (200, size_bytes)
        elif first >= size_bytes:
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{size_bytes}"
            assert answer.json()["error"] == "range_not_satisfiable"
        else:
            assert answer.status_code == 206
            assert answer.headers["content-length"] == str(len(wanted))
            told = f"bytes {first}-{first + len(wanted) - 1}/{size_bytes}"
            assert answer.headers["content-range"] == told
            assert hashlib.sha256(answer.content).digest() == hashlib.sha256(wanted).digest()

    check()


def test_the_last_bytes_and_several_ranges(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(runtime, "public")
    path = address("segment", delivered)
    tail = client.get(path, headers={"range": "bytes=-5"})
    assert (tail.status_code, tail.content) == (206, LARGE_BYTES[-5:])
    several = client.get(path, headers={"range": "bytes=0-1,5-6"})
    assert (several.status_code, several.content) == (200, LARGE_BYTES)
    other = client.get(path, headers={"range": "bytes=0-1", "if-range": '"another version"'})
    assert (other.status_code, other.content) == (200, LARGE_BYTES)
