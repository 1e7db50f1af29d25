"""What infra/ promises of its containers and services, read off the files themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from portal.cli import serve as serve_command
from portal.cli import worker as worker_command
from portal.doctor import CheckState, check_delivery
from portal.settings import PREFIX, Settings, load_settings, variable_name
from tests.packaging import (
    COMPOSE,
    CONTAINERS,
    INFRA,
    PROJECT,
    PUBLIC_ADDRESS,
    UNITS,
    compose,
    fill,
    ignoring_rules,
    instructions,
    is_ignored,
    kept_files,
    services,
    unit,
)
from workers.sign_of_life import FOLDER as ALIVE

ONE_SHOT = frozenset({"search-key", "migrate", "portal"})
OURS = dict.fromkeys(("search-key", "migrate", "portal", "web", "worker"), "portal") | {
    name: name for name in ("store", "search", "proxy")
}
"""Services by the container file that their image is made of."""
SECRETS_FOLDER = "/run/secrets/"
ASKED_FOR_METRICS = {"PORTAL_BASE_URL": PUBLIC_ADDRESS, "PORTAL_METRICS_PORT": "9464"}
PORTAL_UNITS = ("press-portal.service", "press-portal-worker@.service")

each_service = pytest.mark.parametrize("name", sorted(services()))
each_image = pytest.mark.parametrize("name", sorted(set(OURS.values())))
each_unit = pytest.mark.parametrize("name", PORTAL_UNITS)


# --- every container -------------------------------------------------------------------------


def test_these_are_the_services() -> None:
    assert set(services()) == {
        *(
            "database",
            "store",
            "search",
            "search-key",
            "migrate",
            "portal",
            "web",
            "worker",
            "proxy",
        ),
    }
    assert services()["worker"]["deploy"]["replicas"] == 2


@each_service
def test_a_container_cannot_gain_or_change_anything(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])  # noqa: S108


@each_service
def test_a_container_runs_as_nobody_in_particular(name: str) -> None:
    user, group = services()[name]["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


@each_service
def test_a_container_says_how_it_is(name: str) -> None:
    check = services()[name]["healthcheck"]
    if name in ONE_SHOT:
        assert services()[name]["restart"] == "no"
        assert check == {"disable": True}
    else:
        assert check["test"][0] in {"CMD", "CMD-SHELL"}
        assert services()[name]["restart"] == "unless-stopped"


@each_service
def test_a_container_has_its_limits(name: str) -> None:
    service = services()[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"memory", "pids"}
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@each_service
def test_an_image_is_named_by_its_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+(\.\d+)?[\w.-]*$", services()[name]["image"])


@each_service
def test_a_container_starts_after_what_it_needs(name: str) -> None:
    for needed, how in services()[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
        assert how["condition"] == expected


@each_service
def test_volumes_have_names(name: str) -> None:
    for mount in services()[name].get("volumes", []):
        source, target = mount.split(":")[:2]
        assert source in compose()["volumes"]
        assert target.startswith("/")


# --- the network -----------------------------------------------------------------------------


def test_one_port_is_published_and_for_this_machine_only() -> None:
    published = {name: found["ports"] for name, found in services().items() if "ports" in found}
    assert published == {"proxy": ["127.0.0.1:8080:8080"]}


def test_only_the_proxy_is_on_a_network_that_leads_out() -> None:
    outward = {name for name, network in compose()["networks"].items() if not _is_inner(network)}
    assert {name for name in services() if outward & set(services()[name]["networks"])} == {"proxy"}


def test_the_proxy_does_not_reach_database_and_search() -> None:
    reached = set(services()["proxy"]["networks"])
    for name in ("database", "search", "worker", "migrate"):
        assert reached.isdisjoint(services()[name]["networks"])


def test_what_the_proxy_sends_to_keeps_its_address() -> None:
    serving = ip_network(compose()["networks"]["serving"]["ipam"]["config"][0]["subnet"])
    members = [name for name in services() if "serving" in services()[name]["networks"]]
    addresses = {name: services()[name]["networks"]["serving"]["ipv4_address"] for name in members}
    assert len(set(addresses.values())) == len(addresses)
    assert all(ip_address(address) in serving for address in addresses.values())
    assert services()["web"]["environment"]["PORTAL_TRUSTED_PROXIES"] == addresses["proxy"]


def test_the_web_server_in_front_is_the_gateway() -> None:
    edge = compose()["networks"]["edge"]["ipam"]["config"][0]
    assert services()["proxy"]["environment"]["NGINX_FRONT"] == f"{edge['gateway']}/32"


# --- settings and secrets --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["migrate", "portal", "web", "worker"])
def test_the_portal_accepts_its_settings(name: str, tmp_path: Path) -> None:
    given = dict(services()[name]["environment"])
    for variable, value in given.items():
        if variable.endswith("_FILE"):
            secret = tmp_path / Path(value).name
            secret.write_text("postgresql://portal:x@database/portal")
            given[variable] = str(secret)
    settings = load_settings(given)
    assert settings.base_url == settings.s3_public_url == PUBLIC_ADDRESS
    embedded = (settings.is_embedded_database, settings.is_embedded_search)
    assert not any((*embedded, settings.is_local_storage))


@pytest.mark.parametrize("name", ["portal", "web"])
def test_the_doctor_knows_the_nginx_that_sends_the_media(name: str) -> None:
    environment = services()[name]["environment"]
    given = {key: environment[key] for key in ("PORTAL_DELIVERY", "PORTAL_TRUSTED_PROXIES")}
    assert check_delivery(load_settings(given)).state is CheckState.OK


@pytest.mark.parametrize("name", ["portal", "worker"])
def test_work_on_files_is_refused_without_a_sandbox(name: str) -> None:
    assert services()[name]["environment"]["PORTAL_REQUIRE_SANDBOX"] == "true"


@each_service
def test_secrets_come_by_file_only(name: str) -> None:
    secret = {
        variable_name(field)
        for field, info in Settings.model_fields.items()
        if info.annotation in (SecretStr, SecretStr | None)
    }
    environment: Mapping[str, str] = services()[name].get("environment", {})
    assert secret.isdisjoint(environment)
    for variable, value in environment.items():
        if variable.endswith("_FILE"):
            assert value.removeprefix(SECRETS_FOLDER) in services()[name]["secrets"]
        else:
            assert "PASSWORD" not in variable


def test_the_master_key_of_search_is_known_to_nobody_who_meets_foreign_bytes() -> None:
    holders = {
        name for name, found in services().items() if "meili_master_key" in found.get("secrets", [])
    }
    assert holders == {"search", "search-key"}
    for name in ("web", "worker"):
        assert "search-key" in services()[name]["depends_on"]


def test_every_secret_is_a_file_that_git_and_builds_ignore() -> None:
    assert {found["file"] for found in compose()["secrets"].values()} == {
        f"secrets/{name}" for name in compose()["secrets"]
    }
    assert "infra/secrets" in (PROJECT / ".dockerignore").read_text().splitlines()
    assert "/infra/secrets/" in (PROJECT / ".gitignore").read_text().splitlines()


def test_only_what_must_be_said_has_no_default() -> None:
    with pytest.raises(AssertionError, match="PORTAL_BASE_URL has no default"):
        fill((INFRA / "compose.yaml").read_text(), {})


@pytest.mark.parametrize("name", ["web", "worker"])
def test_metrics_are_off_until_they_are_asked_for(name: str) -> None:
    assert services()[name]["environment"]["PORTAL_METRICS_PORT"] == "0"
    asked = fill(COMPOSE.read_text(), ASKED_FOR_METRICS)
    environment = yaml.safe_load(asked)["services"][name]["environment"]
    assert environment["PORTAL_METRICS_PORT"] == "9464"
    assert not ip_address(environment["PORTAL_METRICS_HOST"]).is_loopback
    assert "inside" in services()[name]["networks"]


def test_nothing_is_named_in_the_compose_file_and_never_used() -> None:
    text = COMPOSE.read_text()
    anchors = set(re.findall(r"(?:^|\s)&(\w+)", text))
    assert anchors == set(re.findall(r"(?:^|\s)\*(\w+)", text))


# --- ends and signs of life ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_container_gets_more_time_to_end_than_the_portal_takes(name: str) -> None:
    takes = max(serve_command.GRACE_SECONDS, worker_command.GRACE_SECONDS)
    assert _seconds(services()[name]["stop_grace_period"]) > takes


def test_a_workers_health_check_reads_its_sign_of_life() -> None:
    assert f"$$PORTAL_DATA_DIR/{ALIVE}" in services()["worker"]["healthcheck"]["test"][1]


# --- images ----------------------------------------------------------------------------------


@each_image
def test_an_image_is_built_on_a_version(name: str) -> None:
    (base,) = instructions(name, "ARG")
    assert re.fullmatch(r"BASE=\S+:v?\d+\.\d+\S*", base)
    assert {base.split()[0] for base in instructions(name, "FROM")} == {"${BASE}"}


@pytest.mark.parametrize(("service", "image"), OURS.items())
def test_an_image_and_its_service_agree_on_the_account(service: str, image: str) -> None:
    assert instructions(image, "USER") == [services()[service]["user"]]


@each_image
def test_what_is_copied_is_there_and_not_ignored(name: str) -> None:
    root = CONTAINERS if name in {"store", "search"} else PROJECT
    for copied in instructions(name, "COPY"):
        sources = [word for word in copied.split() if not word.startswith("--")][:-1]
        if "--from" not in copied:
            for source in sources:
                assert (root / source).exists(), source
                assert not is_ignored(source, ignoring_rules(root)), source


def test_builds_see_all_that_is_kept_in_git_of_what_they_copy() -> None:
    """A rule may leave out a file deep within a folder that is copied."""
    for name in ("portal", "workers", "static", "infra/bin"):
        for path in kept_files(PROJECT / name):
            within = path.relative_to(PROJECT).as_posix()
            assert not is_ignored(within, ignoring_rules(PROJECT)), within


@pytest.mark.parametrize(
    ("path", "is_left_out"),
    [
        ("uv.lock", False),
        ("Makefile", True),
        ("data/objects/x", True),
        ("infra/bin/setup", False),
        ("infra/secrets", True),
        ("infra/secrets/meili_key", True),
        ("static/node_modules/x/index.js", True),
        ("portal/web/__pycache__/x.pyc", True),
        ("__pycache__/x.pyc", True),
    ],
)
def test_rules_of_what_builds_see_are_read_as_docker_does(path: str, is_left_out: bool) -> None:
    assert is_ignored(path, ignoring_rules(PROJECT)) is is_left_out
    assert is_ignored(path, ["*", "!infra", "infra/bin"]) is (not path.startswith("infra/sec"))
    assert not is_ignored(path, [])


def test_the_image_has_no_build_tools() -> None:
    last = instructions("portal", "RUN")[-1]
    installed = last.partition("apt-get install --yes --no-install-recommends")[2].split("&&")[0]
    assert set(installed.split()) == {
        *("bubblewrap", "ca-certificates", "ffmpeg", "python3", "tini", "tzdata", "util-linux"),
    }


def test_builds_see_only_what_is_named() -> None:
    rules = ignoring_rules(PROJECT)
    assert rules[0] == "*"
    assert not any(rule in {"!data", "!.git", "!tests"} for rule in rules)


def test_nginx_gets_every_value_that_its_template_asks_for() -> None:
    template = (INFRA / "nginx/portal.conf.template").read_text()
    asked = set(re.findall(r"\$\{(NGINX_[A-Z_]+)\}", template))
    given = set(re.findall(r"(NGINX_[A-Z_]+)=", " ".join(instructions("proxy", "ENV"))))
    assert asked == given


def test_the_store_behind_the_proxy_is_the_portals() -> None:
    values = " ".join(instructions("proxy", "ENV"))
    environment = services()["web"]["environment"]
    assert f"NGINX_STORE={environment['PORTAL_S3_ENDPOINT_URL']} " in values
    assert f"NGINX_BUCKET={environment['PORTAL_S3_BUCKET']} " in values


# --- the workers' profile of system calls ----------------------------------------------------


def test_the_profile_lets_bubblewrap_work() -> None:
    needed = {
        *("clone", "clone3", "unshare", "mount", "umount2", "pivot_root"),
        *("sethostname", "capset", "prctl", "seccomp"),
    }
    assert _profile()["defaultAction"] == "SCMP_ACT_ALLOW"
    assert needed.isdisjoint(_refused_calls())


def test_the_profile_refuses_what_a_worker_has_no_use_for() -> None:
    refused = {
        *("bpf", "kexec_load", "init_module", "ptrace", "setns", "perf_event_open"),
        *("keyctl", "userfaultfd", "io_uring_setup", "open_by_handle_at", "process_vm_readv"),
    }
    assert refused <= set(_refused_calls())
    assert len(_refused_calls()) == len(set(_refused_calls()))


@pytest.mark.parametrize("name", ["portal", "worker"])
def test_what_works_on_files_uses_the_profile(name: str) -> None:
    options = services()[name]["security_opt"]
    (given,) = (option for option in options if option.startswith("seccomp="))
    assert (INFRA / given.removeprefix("seccomp=")).samefile(CONTAINERS / "worker-seccomp.json")


# --- systemd ---------------------------------------------------------------------------------


@each_unit
def test_a_unit_sets_what_there_is(name: str) -> None:
    words = " ".join(unit(name)["Environment"]).split()
    variables = dict(word.split("=", 1) for word in words)
    load_settings({key: value for key, value in variables.items() if key.startswith(PREFIX)})


@each_unit
def test_a_unit_gives_more_time_to_end_than_the_portal_takes(name: str) -> None:
    (given,) = unit(name)["TimeoutStopSec"]
    # An embedded database has 30 s more: docs/decisions/0001-embedded-postgres.md
    database_seconds = 30 if name == "press-portal.service" else 0
    assert int(given) > serve_command.GRACE_SECONDS + database_seconds


@each_unit
def test_a_unit_lets_bubblewrap_work(name: str) -> None:
    directives = unit(name)
    assert {"@mount", "sethostname"} <= set(directives["SystemCallFilter"][0].split())
    assert {"user", "mnt", "pid", "net", "ipc", "uts"} <= set(
        directives["RestrictNamespaces"][0].split()
    )
    assert "AF_NETLINK" in directives["RestrictAddressFamilies"][0].split()
    for forbidding in ("ProtectHostname", "PrivateUsers", "MemoryDenyWriteExecute"):
        assert forbidding not in directives


@each_unit
def test_a_unit_gives_the_portal_nothing_else(name: str) -> None:
    directives = unit(name)
    assert directives["NoNewPrivileges"] == directives["ProtectHome"] == ["yes"]
    assert directives["ProtectSystem"] == ["strict"]
    assert directives["CapabilityBoundingSet"] == [""]
    assert directives["UMask"] == ["0077"]
    assert directives["OOMPolicy"] == ["continue"]
    assert directives["KillMode"] == ["mixed"]


def test_both_units_are_hardened_alike() -> None:
    hardening = re.compile(r"^(Protect|Private|Restrict|SystemCall|Capability|Ambient|NoNew|Lock)")
    first, second = (
        {key: value for key, value in unit(name).items() if hardening.match(key)}
        for name in PORTAL_UNITS
    )
    assert first == second
    assert {path.name for path in UNITS.iterdir()} == set(PORTAL_UNITS)


def _is_inner(network: Mapping[str, Any]) -> bool:
    return bool(network.get("internal"))


def _seconds(written: str) -> float:
    found = re.fullmatch(r"(\d+)s", written)
    assert found is not None
    return timedelta(seconds=int(found[1])).total_seconds()


def _profile() -> Mapping[str, Any]:
    profile: Mapping[str, Any] = json.loads((CONTAINERS / "worker-seccomp.json").read_text())
    return profile


def _refused_calls() -> list[str]:
    """Those refused whatever their arguments."""
    return [name for rule in _profile()["syscalls"] if "args" not in rule for name in rule["names"]]
