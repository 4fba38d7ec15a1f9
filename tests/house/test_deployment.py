"""The production shape cannot be started here, but it must agree with the code."""

import re
from pathlib import Path

import yaml

from api.cli import COMMANDS
from domain.kernel.settings import SECRET_NAMES, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("migrate", "api", "worker", "beat")


def test_each_role_is_a_command_of_ours():
    asked = {name: COMPOSE["services"][name]["command"][0] for name in OURS}

    assert asked == {"migrate": "migrate", "api": "serve", "worker": "worker", "beat": "beat"}
    assert set(asked.values()) <= set(COMMANDS)


def test_every_variable_is_a_setting_and_every_secret_is_demanded():
    given = COMPOSE["services"]["api"]["environment"]
    names = {name.removeprefix("GW_").lower() for name in given}
    secrets = [given[f"GW_{name.upper()}"] for name in SECRET_NAMES]

    assert names <= set(Settings.__struct_fields__)
    assert all(value.endswith(":?}") for value in secrets)
    assert not re.search(r"GW_\w*SECRET\w*: (?!\$\{)", (ROOT / "compose.yaml").read_text())


def test_every_process_waits_for_the_migration():
    for name in ("api", "worker", "beat"):
        assert COMPOSE["services"][name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_image_holds_every_room_and_runs_as_nobody_special():
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.MULTILINE))

    assert copied == {"api", "domain", "media", "rewards", "notifications", "migrations"}
    assert "USER green-whistle" in DOCKERFILE
    assert "[embedded]" not in DOCKERFILE
    for line in re.findall(r"^COPY ((?!--from)[\w. -]+) \./$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split())
