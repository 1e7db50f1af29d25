"""The doctor on a real installation: what works is said to work, what does not is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from portal.doctor import (
    CheckState,
    check_database,
    check_ffmpeg,
    check_ffprobe,
    check_sandbox,
    check_search,
    check_storage,
    check_workers,
    run_checks,
)
from portal.errors import StorageError
from portal.runtime import Runtime, open_storage, set_up_storage
from portal.settings import Settings
from portal.storage.s3 import retrying
from portal.storage.s3.client import open_client
from portal.storage.s3.inspection import clock_fault
from portal.web.health import check_parts


@pytest.mark.media
def test_the_programs_here_are_good() -> None:
    assert check_ffmpeg(Settings()).state is CheckState.OK
    assert check_ffprobe(Settings()).state is CheckState.OK


def test_a_missing_program_is_named_with_what_to_do(tmp_path: Path) -> None:
    check = check_ffmpeg(Settings(ffmpeg_path=str(tmp_path / "ffmpeg")))

    assert check.state is CheckState.FAILED
    assert "ffmpeg cannot be started" in check.sentence
    assert "apt-get install ffmpeg" in check.advice


def test_an_ffmpeg_without_its_encoders_is_no_good(tmp_path: Path) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text(
        "#!/bin/sh\necho ffmpeg version 5.0 built by hand\necho ' V..... mjpeg Motion'\n"
    )
    poor.chmod(0o755)

    check = check_ffmpeg(Settings(ffmpeg_path=str(poor)))

    assert check.state is CheckState.FAILED
    assert check.sentence.startswith("ffmpeg 5.0 lacks aac (one of the encoders), libx264")
    assert "mjpeg (" not in check.sentence


def test_the_sandbox_tells_its_level() -> None:
    assert "foreign files" in check_sandbox(Settings()).sentence


@pytest.mark.postgres
def test_an_installation_that_works(runtime: Runtime) -> None:
    assert check_database(runtime).state is CheckState.OK
    assert check_storage(runtime).state is CheckState.OK
    assert check_search(runtime).state is CheckState.OK


@pytest.mark.postgres
def test_nothing_is_left_of_the_round_trip(runtime: Runtime) -> None:
    check_storage(runtime)

    assert list(runtime.store.list("")) == []


@pytest.mark.postgres
def test_a_store_that_works(s3_runtime: Runtime) -> None:
    check = check_storage(s3_runtime)

    assert (check.state, check.advice) == (CheckState.OK, "")
    assert list(s3_runtime.store.list("")) == []


@pytest.mark.postgres
def test_a_store_that_pages_may_not_use_is_named(s3_runtime: Runtime) -> None:
    elsewhere = {"base_url": "https://press.example.org"}
    known = replace(s3_runtime, settings=s3_runtime.settings.model_copy(update=elsewhere))
    open_client(known.settings).delete_bucket_cors(Bucket=known.settings.s3_bucket)

    check = check_storage(known)

    assert check.state is CheckState.FAILED
    assert "no CORS rule that lets pages of https://press.example.org" in check.sentence
    assert "portal migrate" in check.advice
    set_up_storage(known.settings)
    assert check_storage(known).state is CheckState.OK


@pytest.mark.postgres
def test_a_store_that_anybody_reads_is_named(s3_runtime: Runtime) -> None:
    bucket = s3_runtime.settings.s3_bucket
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    open_client(s3_runtime.settings).put_bucket_policy(Bucket=bucket, Policy=policy)

    check = check_storage(s3_runtime)

    assert check.state is CheckState.FAILED
    assert f"Anybody can read the bucket {bucket}" in check.sentence
    assert list(s3_runtime.store.list("")) == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"s3_secret_key": SecretStr("wrong")}, "The store refuses the signature"),
        ({"s3_bucket": "not-there"}, "the bucket that PORTAL_S3_BUCKET names is not there"),
        ({"s3_endpoint_url": "http://127.0.0.1:9"}, "nothing takes the connection"),
    ],
    ids=["denied", "no bucket", "away"],
)
def test_doctor_and_readiness_tell_what_is_wrong_with_a_store(
    s3_runtime: Runtime,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    sentence: str,
) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.001)
    wrong = open_storage(s3_runtime.settings.model_copy(update=changes))
    runtime = replace(s3_runtime, store=wrong.store)

    with pytest.raises(StorageError, match=sentence):
        check_storage(runtime)
    assert sentence in (check_parts(runtime)["storage"] or "")
    outside = {**changes, "database_url": SecretStr(database_url)}
    checks = run_checks(s3_runtime.settings.model_copy(update=outside))
    finding = next(check for check in checks if check.name == "storage")
    assert finding.state is CheckState.FAILED
    assert finding.advice == ""  # the sentence tells it
    assert "doctor/" not in finding.sentence


@pytest.mark.parametrize(("skew_seconds", "direction"), [(90.0, "ahead of"), (-90.0, "behind")])
def test_a_clock_that_is_wrong_is_named(skew_seconds: float, direction: str) -> None:
    fault = clock_fault(skew_seconds)

    assert fault is not None
    assert f"90 s {direction} this machine's" in fault.sentence
    assert clock_fault(skew_seconds / 2) is None


@pytest.mark.postgres
def test_without_workers_there_is_a_warning(runtime: Runtime) -> None:
    assert check_workers(runtime).state is CheckState.WARNING


@pytest.mark.postgres
def test_a_database_of_another_version_is_a_failure(
    settings: Settings, empty_database_url: str
) -> None:
    outside = settings.model_validate({**settings.model_dump(), "database_url": empty_database_url})

    checks = {check.name: check for check in run_checks(outside)}

    assert checks["database"].state is CheckState.FAILED
    assert checks["database"].advice == "Run `portal migrate`."
    assert checks["storage"].state is CheckState.OK


@pytest.mark.postgres
def test_a_database_that_is_away_is_a_finding_and_no_error(settings: Settings) -> None:
    url = "postgresql://nobody@127.0.0.1:9/nothing"
    outside = settings.model_validate({**settings.model_dump(), "database_url": url})

    checks = {check.name: check for check in run_checks(outside)}

    assert checks["database"].state is CheckState.FAILED
    assert "cannot be reached" in checks["database"].sentence
    assert checks["storage"].state is CheckState.OK


@pytest.mark.parametrize("above", ["a file", "n" * 300])
def test_a_data_folder_that_cannot_be_used_is_a_finding(tmp_path: Path, above: str) -> None:
    (tmp_path / "a file").touch()

    checks = {check.name: check for check in run_checks(Settings(data_dir=tmp_path / above / "d"))}

    assert checks["database"].state is CheckState.FAILED
    assert "cannot use the folder" in checks["database"].sentence


@pytest.mark.postgres
def test_objects_that_cannot_be_stored_are_a_finding(settings: Settings, database_url: str) -> None:
    settings.data_path.mkdir()
    (settings.data_path / "objects").touch()
    blocked = settings.model_copy(update={"database_url": SecretStr(database_url)})

    checks = {check.name: check for check in run_checks(blocked)}

    assert checks["storage"].state is CheckState.FAILED
    assert checks["storage"].advice
    assert checks["database"].state is CheckState.OK
