"""The rules of the house, read from the code itself."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.columns import ForeignKey, OnDelete
from piccolo.conf.apps import AppConfig, Finder

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "domain", "media", "rewards", "notifications")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "service", "misc"}


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def sources() -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] != "migrations"]


def apps() -> list[AppConfig]:
    return list(Finder().get_app_registry().app_configs.values())


def test_no_file_is_longer_than_a_reader_can_hold():
    long = {str(p.relative_to(ROOT)): n for p in sources() if (n := len(p.read_text().splitlines())) > FILE_LINES_MAX}

    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {node.end_lineno - node.lineno + 1}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert long == []


def test_no_file_hides_behind_a_name_that_says_nothing():
    assert [p for p in sources() if p.stem in FORBIDDEN_NAMES] == []


def test_every_package_says_in_its_init_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.name == "__init__.py"
        and path.relative_to(ROOT).parts[0] in ROOMS
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_no_foreign_key_cascades_or_forgets_its_row():
    loose = [
        f"{table._meta.tablename}.{column._meta.name}"
        for app in apps()
        for table in app.table_classes
        for column in table._meta.columns
        if isinstance(column, ForeignKey) and column._foreign_key_meta.on_delete is not OnDelete.restrict
    ]

    assert loose == []


def test_no_column_hides_a_missing_value_behind_an_empty_default():
    hiding = [
        f"{table._meta.tablename}.{column._meta.name}"
        for app in apps()
        for table in app.table_classes
        for column in table._meta.columns
        if not column._meta.null and not column._meta.primary_key and column._meta.params.get("default") == ""
    ]

    assert hiding == []


async def test_tables_and_migrations_agree():
    drift = [
        f"{app.app_name}: {statement}"
        for app in apps()
        for changes in await AutoMigrationManager().get_alter_statements(app)
        for statement in changes.statements
    ]

    assert drift == []


def test_every_event_type_has_a_subscriber_or_is_listed_as_unheard():
    from api.wiring import SUBSCRIBERS, UNHEARD
    from domain.kernel.events import EVENTS

    ours = {kind for kind in EVENTS.values() if kind.__module__.split(".")[0] in ROOMS}

    assert ours - set(SUBSCRIBERS) == set(UNHEARD)


def test_every_route_names_its_audience():
    from api.app import create_app
    from domain.kernel.settings import Settings

    nameless = [
        f"{sorted(handler.http_methods)} {route.path}"
        for route in create_app(Settings()).routes
        for handler in getattr(route, "route_handlers", [])
        if handler.http_methods != {"OPTIONS"} and "audience" not in handler.opt
    ]

    assert nameless == []


def test_the_pins_in_pyproject_mirror_the_constraints_file():
    pins = [line.replace('"', "'") for line in (ROOT / "constraints.txt").read_text().splitlines()]
    mirrored = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["constraint-dependencies"]

    assert mirrored == pins


def test_every_setting_is_in_the_readme():
    from domain.kernel.settings import Settings

    readme = (ROOT / "README.md").read_text()

    assert [name for name in Settings.__struct_fields__ if f"`GW_{name.upper()}`" not in readme] == []


def test_ci_runs_the_test_command_of_the_readme():
    command = re.search(
        r"^pip install uv && (uv run --all-extras pytest)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )

    assert command is not None
    assert command.group(1) in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("wording", [r"https?://[^ \"]+/(simple|packages)/", r"https?://[^ \"]+\.(whl|tgz)\b"])
def test_no_tracked_file_names_where_packages_are_downloaded(wording):
    naming = [
        str(path.relative_to(ROOT))
        for path in tracked("*")
        if path != Path(__file__)
        and path.suffix not in {".js", ".png", ".ttf", ".otf"}
        and re.search(wording, path.read_text(errors="ignore"))
    ]

    assert naming == []


# Where SQL is joined from more than constants in capitals, and why no value of a caller can get in.
SQL_BUILDERS = {
    "domain/cases/rates.py": "grouping columns from an allow-list",
    "domain/kernel/beats.py": "the table name its callers write down",
    "domain/disclosure/differences.py": "table names of the dataset contract",
    "domain/disclosure/dues.py": "table names of the dataset contract",
    "domain/disclosure/imports.py": "a constant with one column blanked",
    "domain/disclosure/publication.py": "table names of the dataset contract",
    "domain/disclosure/reading.py": "tables, columns and order of the dataset contract; values are parameters",
    "domain/disclosure/river_series.py": "the table name of one dataset",
    "domain/reports/public_map.py": "conditions chosen from constants; values are parameters",
    "domain/reports/submission.py": "numbered parameters",
    "domain/residents/sessions.py": "one subquery used twice",
    "media/matching.py": "numbered parameters for each band",
    "media/sweeping.py": "column names from a constant",
    "notifications/inbox.py": "a constant number and constant assignments",
}


def joined_from_names(path: Path) -> list[int]:
    """Lines of f-strings that hold SQL and a name that is not in capitals."""
    sql = re.compile(r"\b(select|insert|update|delete)\b.*\b(from|into|set)\b", re.IGNORECASE | re.DOTALL)
    lines = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
            names = [ast.unparse(p.value).split(".")[-1] for p in node.values if isinstance(p, ast.FormattedValue)]
            if sql.search(text) and not all(re.fullmatch(r"[A-Z][A-Z_]*", name) for name in names):
                lines.append(node.lineno)
    return lines


def test_sql_is_joined_from_constants_except_where_a_reason_is_written_down():
    building = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if path.relative_to(ROOT).parts[0] in ROOMS and (lines := joined_from_names(path))
    }

    assert {name: lines for name, lines in building.items() if name not in SQL_BUILDERS} == {}
    assert set(SQL_BUILDERS) - set(building) == set(), "no longer needed"


def test_every_test_file_has_a_name_of_its_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names))
