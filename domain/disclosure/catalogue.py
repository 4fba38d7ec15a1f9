"""Every dataset the bureau discloses, one line each: a new one is its file, its line and a generated migration."""

from collections.abc import Mapping

from domain.disclosure.dataset import Dataset
from domain.disclosure.datasets import (
    enterprise_ratings,
    notices,
    penalties,
    river_chiefs,
    river_policies,
    river_water,
    rivers,
    sections,
    station_readings,
)

DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        penalties.PENALTIES,
        enterprise_ratings.ENTERPRISE_RATINGS,
        rivers.RIVERS,
        sections.SECTIONS,
        river_water.RIVER_WATER,
        station_readings.STATION_READINGS,
        river_chiefs.RIVER_CHIEFS,
        river_policies.RIVER_POLICIES,
        notices.NOTICES,
    )
}
