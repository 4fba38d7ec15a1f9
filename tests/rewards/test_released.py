"""What was released stays: method versions by their hash, and the tables that Piccolo cannot make."""

import pytest

from domain.kernel import database as db
from rewards.behaviours import BEHAVIOURS
from rewards.factors import FACTORS
from rewards.methods import content_hash, factor_on
from rewards.tables import CapUse, LedgerBucket, LedgerTransfer
from tests.builders.rewards import NOON

# The hash of a released version never changes. A new version is a new line; an edited one fails here.
RELEASED = {
    "battery-car@1": "21f201a17a70417f",
    "bike@1": "4766dfc86098e58a",
    "bus@1": "56f1d5df2d781d82",
    "clean-plate@1": "2308fab0d54d42bd",
    "e-invoice@1": "8749c3c2351b0097",
    "invitation@1": "747839f7d6a7ba4e",
    "metro@1": "0ec97d5a5dcef32c",
    "metro-ride@1": "2c4ad9818b42a18d",
    "own-cup@1": "95e1b560bc2ee1ee",
    "power-saving@1": "5a1f7287d511f6ec",
    "ride-share@1": "e96ff340e46f7340",
    "river-patrol@1": "369fb3f85926540d",
    "solar@1": "2bddf09a31a0d720",
    "sorted-waste@1": "a3317e453893fede",
    "textile-recycling@1": "59428481beec11e9",
    "tree@1": "edf448e57f9c3a71",
    "verified-report@1": "835596f0df083f25",
    "volunteering@1": "7f90400f7b4e36ea",
    "walk@1": "37d9ef29545e01cd",
}
KINDS = {
    "BIGINT": "bigint",
    "SMALLINT": "smallint",
    "UUID": "uuid",
    "DATE": "date",
    "TIMESTAMPTZ": "timestamp with time zone",
}


def released() -> dict[str, str]:
    hashes = {}
    for behaviour in BEHAVIOURS.values():
        for method in behaviour.methods:
            factors = [factor_on(FACTORS, code, region="national", day=NOON.date()) for code in method.factors]
            hashes[f"{behaviour.code}@{method.version}"] = content_hash(behaviour.code, method, factors)[:16]
    return hashes


def test_no_released_version_was_edited():
    assert released() == RELEASED


@pytest.mark.anyio
@pytest.mark.parametrize("table", [LedgerTransfer, LedgerBucket, CapUse])
async def test_the_mirrors_say_what_the_database_has(database, table):
    rows = await db.fetch(
        "select column_name, data_type, is_nullable = 'YES' as optional from information_schema.columns"
        " where table_name = $1 order by ordinal_position",
        table._meta.tablename,
    )
    mirrored = [
        (column._meta.db_column_name, KINDS.get(column.column_type, "character varying"), column._meta.null)
        for column in table._meta.columns
    ]

    assert sorted(mirrored) == sorted(tuple(row) for row in rows)
