"""What reporters see and say back, signed in or with a receipt code."""

from tests.builders.cases import a_case_of, an_event, post_update
from tests.builders.reports import a_key, send

WAY = ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")


async def test_an_anonymous_reporter_follows_answers_and_rates_with_the_receipt_code(api) -> None:
    sent = (await send(api, None, identity="anonymous", key=a_key())).json()
    shown = {"number": sent["number"], "code": sent["receipt_code"]}
    case_id = await a_case_of(sent["id"])
    await post_update(api, an_event(case_id, 1, "signed"))
    asked = an_event(case_id, 2)
    question = {"stage": None, "kind": "question", "actor_class": "handler", "public_text": "几点看到的？"}
    asked["data"] |= question
    assert (await post_update(api, asked)).status_code == 200
    case = (await api.post("/v1/receipts/case", json=shown)).json()
    assert [q["text"] for q in case["questions"]] == ["几点看到的？"]
    said = shown | {"question_id": case["questions"][0]["id"], "text": "早上六点"}
    assert (await api.post("/v1/receipts/answer", json=said)).status_code == 200
    assert (await api.post("/v1/receipts/answer", json=said)).status_code == 409

    for n, stage in enumerate(WAY[1:], start=3):
        assert (await post_update(api, an_event(case_id, n, stage))).status_code == 200
    rated = await api.post("/v1/receipts/result-rating", json=shown | {"solved": False, "satisfied": False})
    assert (rated.status_code, rated.json()["opened_round"]) == (200, 2)
    wrong = shown | {"code": "00000-00000-00000-00000", "solved": True, "satisfied": True}
    assert (await api.post("/v1/receipts/result-rating", json=wrong)).status_code == 404
