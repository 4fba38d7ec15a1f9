"""Somebody under 14: nothing personal is stored before a guardian has agreed (PIPL art. 31)."""

import pytest

from tests.builders.reports import INSIDE, send
from tests.builders.residents import Resident, a_resident


async def answer(api, resident: Resident, purpose: str, given: bool) -> None:
    body = {"purpose": purpose, "given": given, "text_version": "2026-11-01"}
    said = await api.post("/v1/me/consents", json=body, headers=resident.headers)
    assert said.status_code == 200, said.text


ACTS = {
    "report": send,
    "named report": lambda api, child: send(api, child, identity="named"),
    "sms code": lambda api, child: api.post(
        "/v1/auth/phone/sms-code", json={"phone": "13800138000"}, headers=child.headers
    ),
    "phone": lambda api, child: api.post("/v1/auth/phone/wechat", json={"code": "any"}, headers=child.headers),
    "place": lambda api, child: api.post("/v1/me/area-alerts", json={"place": INSIDE}, headers=child.headers),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
async def test_pipl_31_a_child_waits_for_the_guardian(api, act) -> None:
    child = await a_resident()
    await answer(api, child, "under_14", True)

    refused = await act(api, child)

    assert (refused.status_code, refused.json()["code"]) == (403, "guardian-consent-needed")


async def test_pipl_31_the_guardians_answer_opens_and_its_withdrawal_closes_again(api) -> None:
    child = await a_resident()
    assert (await send(api, child)).status_code == 201  # nobody has said to be a child
    await answer(api, child, "under_14", True)
    assert (await send(api, child)).status_code == 403

    await answer(api, child, "guardian", True)
    assert (await send(api, child)).status_code == 201

    await answer(api, child, "guardian", False)
    assert (await send(api, child)).status_code == 403


async def test_pipl_31_a_child_may_always_report_anonymously(api) -> None:
    child = await a_resident()
    await answer(api, child, "under_14", True)

    assert (await send(api, child, identity="anonymous")).status_code == 201
