"""Four-hourly readings of automatic stations, unreviewed, evaluated like the months."""

from piccolo.columns import SmallInt, Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.datasets import measurements
from domain.disclosure.fields import Field
from domain.kernel.errors import Text


class DisclosedStationReading(Disclosed, Table, tablename="disclosed_station_reading"):
    """Versions of readings."""

    section = Varchar(length=40, null=False, default=None, index=True)
    river = Varchar(length=40, null=False, default=None)
    water_class = SmallInt(null=True, default=None)


STATION_READINGS = Dataset(
    name="station-readings",
    title=Text("自动站实时数据", "Automatic station readings"),
    about=Text(
        "自动监测站每 4 小时数据，未经审核，仅供参考。",
        "Readings every four hours, not reviewed: for information only.",
    ),
    table=DisclosedStationReading,
    fields=(
        Field(name="section", label=Text("断面编码", "section code"), required=True, length_max=40, filter="exact"),
        Field(name="observed_at", label=Text("监测时间", "observed at"), kind="moment", required=True),
        Field(name="river", label=Text("河流编码", "river code"), derived=True, filter="exact"),
        *measurements.ITEM_FIELDS,
        *measurements.EVALUATION_FIELDS,
    ),
    key=("section", "observed_at"),
    heading=("section", "observed_at", "class_name"),
    order="observed_at",
    cycle=Text("每 4 小时", "every four hours"),
    source=Text("国家地表水水质自动监测实时数据发布（未审核）", "National real-time publication, unreviewed"),
    known=measurements.sections,
    derive=measurements.derive,
    check=measurements.check,
)
