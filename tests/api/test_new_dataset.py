"""The recipe: a new dataset is one file (here: this one), one line and one generated migration; the rest follows."""

from pathlib import Path

import httpx
from litestar import Litestar
from piccolo.columns import Varchar
from piccolo.table import Table

import domain.disclosure
from api.routes import disclosure as routes
from api.strict import StrictRequest
from domain.disclosure import checking, publication
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


async def test_a_new_dataset_is_one_file_and_gets_everything_else(database) -> None:
    await DisclosedWell.create_table()
    await db.execute(SCHEMA)
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
