"""The stand-in for WeChat enforces the documented rules: asked raw, over HTTP, as a careless client would ask."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.sandbox.wechat import DEFAULT_APPID
from api.sandbox.wechat_rules import broken_field, media_is_judged
from api.sandbox.wechat_state import PAGES
from domain.kernel.settings import DEVELOPMENT_SECRET
from notifications.catalogue import CATALOGUE
from tests.builders.wechat import Sandbox

OURS = {"appid": DEFAULT_APPID, "secret": DEVELOPMENT_SECRET}
FIELDS = {
    "character_string1": "GW-1",
    "thing2": "工业废气",
    "phrase3": "已办结",
    "date4": "2026年11月21日 09:05",
    "thing5": "已解决",
}


class Client:
    """A client without any care."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=sandbox.url, trust_env=False)

    def token(self, **more: Any) -> dict[str, Any]:
        body = OURS | {"grant_type": "client_credential"} | more
        return dict(self.http.post("/cgi-bin/stable_token", json=body).json())

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        token = self.token()["access_token"]
        return dict(self.http.post(path, params={"access_token": token}, json=body).json())

    def login(self, code: str, **more: str) -> int:
        query = OURS | {"js_code": code, "grant_type": "authorization_code"} | more
        return int(self.http.get("/sns/jscode2session", params=query).json().get("errcode", 0))

    def send(self, openid: str = "oA", **changes: Any) -> int:
        body = {"touser": openid, "template_id": "TPL-closure", "page": "pages/index?d=1"}
        data = {name: {"value": value} for name, value in (FIELDS | changes.pop("fields", {})).items()}
        return int(self.call("/cgi-bin/message/subscribe/send", **body | {"data": data} | changes)["errcode"])


@pytest.fixture
def client(wechat_sandbox: Sandbox) -> Iterator[Client]:
    made = Client(wechat_sandbox)
    with made.http:
        yield made


def test_codes_serve_once_for_five_minutes_and_the_right_asker(client: Client) -> None:
    code, old = client.sandbox.login_code("oA"), client.sandbox.login_code("oA")

    assert client.login(code, grant_type="x") == 40002
    assert client.login(code, secret="x") == 40013
    assert [client.login(code), client.login(code)] == [0, 40029]
    client.sandbox.act("clock", advance_s=301)
    assert client.login(old) == 40029


def test_a_user_may_sign_in_a_hundred_times_a_minute(client: Client) -> None:
    client.sandbox.world.minute["login:oA"][int(client.sandbox.world.now() // 60)] = 99
    codes = [client.sandbox.login_code("oA") for _ in range(2)]

    assert [client.login(code) for code in codes] == [0, 45011]


def test_the_stable_token_stays_overlaps_and_ends(client: Client) -> None:
    first = client.token()
    client.sandbox.act("clock", advance_s=7_000)
    renewed = client.token()

    assert first["expires_in"] == 7_200
    assert renewed["access_token"] != first["access_token"]
    assert len(renewed["access_token"]) <= 512
    assert client.call("/wxa/msg_sec_check")["errcode"] == 61010  # the token was good
    old = client.http.post("/wxa/msg_sec_check", params={"access_token": first["access_token"]}, json={})
    assert old.json()["errcode"] == 61010  # the old one as well
    client.sandbox.act("clock", advance_s=201)
    old = client.http.post("/wxa/msg_sec_check", params={"access_token": first["access_token"]}, json={})
    assert old.json()["errcode"] == 42001
    assert client.token(grant_type="x")["errcode"] == 40002


def test_a_forced_renewal_kills_the_old_token_and_is_rationed(client: Client) -> None:
    first, forced = client.token(), client.token(force_refresh=True)
    again = client.token(force_refresh=True)
    old = client.http.post("/wxa/msg_sec_check", params={"access_token": first["access_token"]}, json={})
    answers = []
    for _ in range(20):
        client.sandbox.act("clock", advance_s=31)
        answers.append(client.token(force_refresh=True).get("errcode", 0))

    assert forced["access_token"] != first["access_token"]
    assert again["errcode"] == 45011
    assert old.json()["errcode"] == 40001
    assert answers == [0] * 19 + [45009]


def test_a_phone_code_belongs_to_one_person(client: Client) -> None:
    path = "/wxa/business/getuserphonenumber"
    foreign = client.call(path, code=client.sandbox.phone_code("oA", "13800138000"), openid="oB")
    code = client.sandbox.phone_code("oA", "51234567", country_code="852")
    good, twice = client.call(path, code=code, openid="oA"), client.call(path, code=code)

    assert foreign["errcode"] == 40029
    assert good["phone_info"]["phoneNumber"] == "+85251234567"
    assert good["phone_info"]["watermark"]["appid"] == DEFAULT_APPID
    assert twice["errcode"] == 40029


def test_one_consent_is_one_message_and_a_ban_takes_all(client: Client) -> None:
    client.sandbox.consent("oA")
    assert [client.send(), client.send()] == [0, 43101]
    client.sandbox.consent("oA")
    client.sandbox.consent("oA", answer="ban")
    assert client.send() == 43101


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"openid": "oNobody"}, 40003),
        ({"template_id": "TPL-none"}, 40037),
        ({"page": "/pages/index"}, 41030),
        ({"page": ""}, 41030),
        ({"miniprogram_state": "beta"}, 40097),
        ({"lang": "fr_FR"}, 40097),
        ({"fields": {"thing2": ""}}, 47003),
        ({"fields": {"thing2": "字" * 21}}, 47003),
        ({"fields": {"thing2": 5}}, 47003),
    ],
)
def test_a_wrong_message_spends_nothing(client: Client, changes: dict[str, Any], errcode: int) -> None:
    client.sandbox.consent("oA")

    assert client.send(**changes) == errcode
    assert client.send() == 0


FITS = {
    "thing": (["字" * 20, "a b"], ["字" * 21, "", "a\nb"]),
    "number": (["1" * 32, "-1.5"], ["1" * 33, "一", "1,000"]),
    "letter": (["a" * 32], ["a" * 33, "a1", "字"]),
    "symbol": (["#%*!?"], ["#%*!?#", "a"]),
    "character_string": (["A1-" * 10, "1" * 32], ["1" * 33, "案件1"]),
    "time": (["15:01", "2019年10月1日 15:01", "15:01~16:01"], ["25:01", "15时", "15:61"]),
    "date": (
        ["2019年10月1日", "2019年10月1日 15:01", "2019-12-25 09:42", "2019年10月1日~2019年10月7日"],
        ["10/1", "昨天"],
    ),
    "amount": (["¥100.5", "100元", "1234567890"], ["12345678901", "¥¥1", "一百"]),
    "phone_number": (["+86-0766-66888866", "13800138000"], ["1" * 18, "电话"]),
    "car_number": (["粤A8Z888挂", "浙A12345"], ["粤A8Z8888888挂", ""]),
    "name": (["张三丰张三丰张三丰张", "a" * 20], ["张" * 11, "a" * 21, "张" + "a" * 10]),
    "phrase": (["配送中", "已办结啦啦"], ["已办结啦啦啦", "ok", "已 办"]),
}


@pytest.mark.parametrize("kind", FITS)
def test_every_field_type_has_its_limit(kind: str) -> None:
    good, bad = FITS[kind]
    field = f"{kind}7"

    assert [value for value in good if broken_field((field,), {field: {"value": value}})] == []
    assert [value for value in bad if not broken_field((field,), {field: {"value": value}})] == []


def test_the_text_check_wants_a_visit_and_at_most_2500_symbols(client: Client) -> None:
    client.login(client.sandbox.login_code("oA"))
    body = {"version": 2, "scene": 2, "openid": "oA", "content": "脏话"}
    path = "/wxa/msg_sec_check"

    assert client.call(path, **body)["result"] == {"suggest": "review", "label": 20003}
    assert client.call(path, **body | {"content": "字" * 2_501})["errcode"] == 40097
    assert client.call(path, **body | {"scene": 5})["errcode"] == 40097
    assert client.call(path, **body | {"version": 1})["errcode"] == 40097
    client.sandbox.act("clock", advance_s=7_201)
    assert client.call(path, **body)["errcode"] == 61010


def test_escaped_chinese_passes_the_text_check_unseen(client: Client) -> None:
    client.login(client.sandbox.login_code("oA"))
    token = client.token()["access_token"]
    raw = b'{"version": 2, "scene": 2, "openid": "oA", "content": "\\u810f\\u8bdd"}'
    answer = client.http.post("/wxa/msg_sec_check", params={"access_token": token}, content=raw).json()

    assert answer["result"]["suggest"] == "pass"


def test_the_image_check_takes_known_users_and_files_it_can_judge(client: Client) -> None:
    client.login(client.sandbox.login_code("oA"))
    body = {"version": 2, "media_type": 2, "media_url": "http://127.0.0.1:1/x", "openid": "oA", "scene": 1}
    path = "/wxa/media_check_async"

    assert client.call(path, **body)["trace_id"]
    for wrong, errcode in (({"openid": "oX"}, 40003), ({"scene": 9}, 40097), ({"media_type": 3}, 40097)):
        assert client.call(path, **body | wrong)["errcode"] == errcode
    assert media_is_judged("image/jpeg", 10 * 1024 * 1024)
    assert not media_is_judged("image/jpeg", 10 * 1024 * 1024 + 1)
    assert not media_is_judged("image/heic", 5)


def test_a_code_image_needs_a_live_page_a_short_scene_and_a_sane_width(client: Client) -> None:
    path, token = "/wxa/getwxacodeunlimit", client.token()["access_token"]

    def ask(**body: Any) -> int:
        answer = client.http.post(path, params={"access_token": token}, json={"scene": "r=1"} | body)
        return 0 if answer.headers["content-type"] == "image/png" else answer.json()["errcode"]

    assert [ask(), ask(width=280), ask(width=1_280), ask(scene="a" * 32)] == [0] * 4
    assert [ask(page="pages/none", check_path=False), ask(env_version="trial")] == [0, 0]
    assert [ask(page="pages/none"), ask(page="/pages/index"), ask(page="pages/index?a=1")] == [41030] * 3
    assert [ask(scene=""), ask(scene="a" * 33), ask(scene="举报"), ask(scene="%E4"), ask(scene="scancode_time=1")] == [
        40129
    ] * 5
    assert [ask(width=279), ask(width=1_281), ask(env_version="beta")] == [40097] * 3


def test_quotas_end_with_the_minute_and_with_the_day(client: Client) -> None:
    client.sandbox.act("limits", path="/wxa/getwxacodeunlimit", per_minute=1)
    path = "/wxa/getwxacodeunlimit"
    token = client.token()["access_token"]
    answers = [client.http.post(path, params={"access_token": token}, json={"scene": "a"}) for _ in range(2)]
    world = client.sandbox.world
    world.day["/wxa/media_check_async"][int(world.now() // 86_400)] = 200_000

    assert answers[0].headers["content-type"] == "image/png"
    assert answers[1].json()["errcode"] == 45009
    assert client.call("/wxa/media_check_async")["errcode"] == 45009
    client.sandbox.act("clock", advance_s=60)
    assert client.http.post(path, params={"access_token": token}, json={"scene": "a"}).status_code == 200


def test_errors_come_as_http_200_with_a_request_id(client: Client) -> None:
    answer = client.http.post("/wxa/msg_sec_check", params={"access_token": "x"}, json={})

    assert answer.status_code == 200
    assert answer.json()["errcode"] == 40001
    assert "rid: " in answer.json()["errmsg"]


def test_every_page_a_message_opens_is_a_page_of_the_mini_program() -> None:
    assert {wording.page for wording in CATALOGUE.values()} <= set(PAGES)
