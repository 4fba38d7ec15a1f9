"""The recipe: a new dataset is one file (here: this one), one line and one generated migration; the rest follows."""

import asyncio
import re
import shutil
from pathlib import Path

import asyncpg
import httpx
import pytest
from litestar import Litestar
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.commands.new import _create_new_migration
from piccolo.columns import Varchar
from piccolo.conf.apps import AppConfig
from piccolo.table import Table

import domain.disclosure
from api.routes import disclosure as routes
from api.strict import StrictRequest
from domain.disclosure import checking, piccolo_app, publication
from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.fields import Field
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import Text
from domain.kernel.sheets import read_sheet
from tests.builders.disclosure import AUTHOR

SCHEMA = Path(str(domain.disclosure.__file__)).with_name("schema.sql").read_text(encoding="utf-8")


class DisclosedWell(Disclosed, Table, tablename="disclosed_well"):
    """Versions of wells."""

    town = Varchar(length=40, null=False, default=None)


WELLS = Dataset(
    name="wells",
    title=Text("地下水监测井", "Groundwater wells"),
    about=Text("监测井", "Wells"),
    table=DisclosedWell,
    fields=(
        Field(name="code", label=Text("编号", "code"), required=True),
        Field(name="town", label=Text("镇街", "town"), required=True, filter="exact", search=True),
        Field(name="note", label=Text("备注", "note"), redact=True),
        Field(name="place", label=Text("位置", "place"), kind="geometry"),
    ),
    key=("code",),
    heading=("code",),
    order="code",
    place=("place",),
    cycle=Text("每年", "yearly"),
    source=Text("监测站", "station"),
)


async def migrated(folder: Path) -> str:
    """What `piccolo migrations new disclosure --auto` writes for the new table, applied; the file's text."""
    real = piccolo_app.APP_CONFIG
    migrations = shutil.copytree(real.migrations_folder_path, folder / "disclosure_with_wells")
    config = AppConfig(
        app_name=real.app_name,
        migrations_folder_path=str(migrations),
        table_classes=[*real.table_classes, DisclosedWell],
        migration_dependencies=real.migration_dependencies,
    )
    written = await _create_new_migration(config, auto=True)
    await db.execute("select setval(pg_get_serial_sequence('migration', 'id'), max(id)) from migration")
    result = await ForwardsMigrationManager(app_name=real.app_name, migration_id="all").run_migrations(config)
    assert result.success, result.message
    await db.execute(SCHEMA)
    return await asyncio.to_thread(Path(written.migration_path).read_text, encoding="utf-8")


async def test_a_new_dataset_is_one_file_one_line_and_one_generated_migration(database, tmp_path, capsys) -> None:
    generated = await migrated(tmp_path)
    assert re.findall(r'add_table\(\s*class_name="(\w+)"', generated) == ["DisclosedWell"]
    assert not re.search("drop_|alter_|rename_", generated)
    sheet = read_sheet("编号,镇街,备注\nW-1,云栖镇,联系13812345678\nW-2,南浦镇,".encode())
    columns, findings = checking.columns_of(WELLS, sheet[0])
    checked = checking.Checked(rows=[], numbers=[], findings=[], counts={})
    checking.check_rows(
        WELLS, sheet[1:], columns, first=2, known=None, today=clock.local_day(clock.utc_now()), into=checked
    )
    async with db.transaction():
        await publication.publish(WELLS, checked.rows, author=AUTHOR, now=clock.utc_now())
    app = Litestar(
        [routes.list_route(WELLS), routes.entry_route(WELLS), *routes.file_routes(WELLS)], request_class=StrictRequest
    )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        listed = (await client.get("/v1/disclosure/wells", params={"town": "云栖镇", "q": "云栖"})).json()["items"]
        entry = (await client.get("/v1/disclosure/wells/W-1")).json()
        as_csv = (await client.get("/v1/disclosure/wells.csv")).text
        as_geojson = (await client.get("/v1/disclosure/wells.geojson")).json()
        again = await client.get("/v1/disclosure/wells", headers={"If-None-Match": '"x"'})

    assert [] == findings == checked.findings
    assert [row["code"] for row in listed] == ["W-1"]
    assert entry["entry"]["note"] == "联系［电话已隐去］"
    assert len(as_csv.strip().splitlines()) == 3
    assert len(as_geojson["features"]) == 2
    assert "etag" in again.headers
    with pytest.raises(asyncpg.PostgresError, match="append-only"):  # the evidence trigger came with schema.sql
        await db.execute("delete from disclosed_well")
