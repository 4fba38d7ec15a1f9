"""After every test on the database the whole ledger still adds up."""

import pytest

from rewards import proving


@pytest.fixture
async def sound(database):
    yield
    assert await proving.faults() == []
