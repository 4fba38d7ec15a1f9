"""The worker's side of acts on a whole cycle: reads the file, rates, moves stages, and says what it left out."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.enterprises import batch, cycles, rating_files, rule_packs
from domain.enterprises.batches import KIND, RowFinding, ring
from domain.enterprises.life import SecondOfficerNeeded, Stage, Step
from domain.enterprises.rating import Inputs
from domain.enterprises.rating_files import FINDINGS_MAX
from domain.kernel import beats, clock, database
from domain.kernel.beats import Progress
from domain.kernel.leases import Done, Job, Outcome, Sender
from domain.kernel.sheets import FileUnreadable, read_sheet

TABLE = "rating_batch"
WAITS_S = (30.0, 60.0, 120.0)


async def run(job: Job) -> Outcome:
    """Runs one act; what is done stays done, so a run that was cut short goes on where it stopped."""
    row = await beats.take(TABLE, UUID(job.payload["batch"]), waiting="waiting", running="running")
    if row is None:
        return Done("not waiting")
    findings: list[RowFinding] = []
    async with beats.beating(TABLE, row["id"]) as progress:
        made = await (_rate if row["kind"] == "rate" else _step)(row, findings, progress)
    state = "failed" if findings and made == 0 else "done"
    await database.execute(
        "update rating_batch set state = $2, made = $3, findings = $4::jsonb, sealed_file = null, done = rows"
        " where id = $1 and state = 'running'",
        row["id"],
        state,
        made,
        msgspec.json.encode(findings[:FINDINGS_MAX]).decode(),
    )
    return Done(f"{state}: {made}")


async def _rate(row: Any, findings: list[RowFinding], progress: Progress) -> int:
    content = ring().open(row["sealed_file"], context=f"rating-batch:{row['id']}")
    try:
        sheet = await asyncio.to_thread(read_sheet, content)
    except FileUnreadable as refusal:
        findings.append(RowFinding(row=0, message=(refusal.detail or refusal.title).zh))
        return 0
    pack = rule_packs.load(row["pack"])
    papers = await asyncio.to_thread(rating_files.read, sheet, pack=pack, year=row["year"])
    findings += papers.findings
    await database.execute("update rating_batch set rows = $2 where id = $1", row["id"], len(papers.inputs))
    known = await _known(list(papers.inputs), before=row["year"])
    work: list[tuple[UUID, Inputs]] = []
    for code, (number, inputs) in papers.inputs.items():
        if code not in known:
            findings.append(RowFinding(row=number, message="企业未登记"))
            continue
        enterprise, history = known[code]
        work.append((enterprise, msgspec.structs.replace(inputs, history=history)))
    actor = f"operator:{row['asked_by']}"
    return await batch.rate_all(work, pack=pack, actor=actor, now=clock.utc_now(), progress=progress.set)


KNOWN = """
select e.credit_code, e.id, h.years, h.grades from enterprise e left join lateral (
  select array_agg(r.year) as years, array_agg(s.grade) as grades from enterprise_rating r join lateral (
    select grade from rating_step where rating = r.id and stage = 'final' order by number desc limit 1) s on true
  where r.enterprise = e.id and r.year < $2) h on true
where e.credit_code = any($1)
"""


async def _known(codes: Sequence[str], *, before: int) -> Mapping[str, tuple[UUID, dict[int, str]]]:
    """Id and decided grades of earlier years by credit code."""
    found = {}
    for start in range(0, len(codes), 5_000):
        for row in await database.fetch(KNOWN, codes[start : start + 5_000], before):
            history = dict(zip(row["years"] or (), row["grades"] or (), strict=True))
            found[row["credit_code"]] = row["id"], history
    return found


async def _step(row: Any, findings: list[RowFinding], progress: Progress) -> int:
    actor = f"operator:{row['asked_by']}"
    step = Step(stage=Stage(row["stage"]), actor=actor, basis=row["basis"], at=clock.utc_now())
    try:
        return await cycles.step_all(row["year"], step, progress=progress.set)
    except SecondOfficerNeeded as refusal:
        findings.append(RowFinding(row=0, message=refusal.title.zh))
        return progress.done


async def _died(job: Job, note: str) -> None:
    """Nobody will try again; what was done stays."""
    await database.execute(
        "update rating_batch set state = 'failed' where id = $1 and state in ('waiting', 'running')",
        UUID(job.payload["batch"]),
    )


SENDERS = {KIND: Sender(send=run, waits_s=WAITS_S, died=_died)}
