"""The README's commands are real: each is known, each command is told of, and the first one plays the story."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from api import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LINES = [line for block in re.findall(r"```\w*\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
DEMO = "pip install uv && uv run --all-extras green-whistle demo"


def test_every_command_of_the_readme_exists_and_every_command_is_in_the_readme():
    told = set(re.findall(r"`(?:uv run --all-extras )?green-whistle (\w+)", README)) | set(
        re.findall(r"green-whistle (\w+)", "\n".join(LINES))
    )
    told |= set(re.findall(r"`green-whistle serve` / `(\w+)` / `(\w+)`", README)[0])

    assert told == set(cli.COMMANDS)


def test_the_two_commands_stand_in_the_readme_and_lead_to_our_code():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert DEMO in LINES
    assert "pip install uv && uv run --all-extras pytest" in LINES
    assert project["scripts"] == {"green-whistle": "api.cli:main"}
    assert "embedded" in project["optional-dependencies"]


@pytest.mark.slow
def test_the_first_command_plays_the_story_word_for_word(tmp_path: Path):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GW_", "VIRTUAL_ENV"))}
    played = subprocess.run(
        ["bash", "-c", f"{DEMO} --once"],
        cwd=ROOT,
        env=environ | {"GW_DATA_DIR": str(tmp_path / "data"), "PIP_ROOT_USER_ACTION": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )

    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    assert "MISSED" not in played.stdout
