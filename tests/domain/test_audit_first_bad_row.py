"""The proof of the audit trail names the first bad row."""

from datetime import UTC, datetime

import pytest

from api.verifying import audit_chain
from domain.kernel import audit, database

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


async def three_blocks() -> None:
    for _ in range(3):
        async with database.transaction():
            for subject in ("x", "y"):
                await audit.append(actor="a", action="b", subject=subject, at=NOW)
        async with database.transaction():
            await audit.seal(now=NOW)
    assert await audit_chain() == []
    await database.execute("alter table audit_entry disable trigger audit_entry_is_evidence")


@pytest.mark.parametrize(
    ("forgery", "finding"),
    [
        ("update audit_entry set subject = 'z' where id in (4, 5)", "audit row 4 was changed"),
        ("delete from audit_entry where id = 3", "audit block 2 was sealed with 2 rows and has 1"),
        ("update audit_seal set hash = '\\x00' where id = 1", "audit block 1 itself was changed"),
    ],
)
async def test_a_changed_row_a_missing_row_and_a_changed_block_are_told_apart(forgery: str, finding: str) -> None:
    await three_blocks()
    await database.execute(forgery)

    assert (await audit_chain())[0].startswith(finding)
