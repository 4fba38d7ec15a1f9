"""Red-team texts: what must disappear, what must stay, and properties that hold for every text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.redaction import Subject, redact
from domain.kernel.redaction_marks import MARKS
from domain.kernel.redaction_numbers import ID_WEIGHTS, is_resident_id, luhn

# text, the secret that must not survive
GONE: list[tuple[str, str]] = [
    ("当事人身份证号码11010519491231002X。", "11010519491231002X"),
    ("身份证：11010519491231002x", "11010519491231002x"),
    ("11010519491231002X", "1949"),
    ("证件 110105 19491231 002X 已核", "19491231"),
    ("１１０１０５１９４９１２３１００２Ｘ", "１９４９１２３１"),
    ("110105-19491231-002X", "19491231"),
    ("110\u200b105194912\u200b31002X", "31002X"),
    ("身份证号110105194912310021（末位抄错）", "110105194912310021"),
    ("老身份证110105491231002在册", "110105491231002"),
    ("身份证号为1101051949****002X", "1101051949"),
    ("联系电话13812345678。", "13812345678"),
    ("请致电 138 1234 5678", "1234"),
    ("138-1234-5678", "1234"),
    ("+8613812345678", "13812345678"),
    ("0086 138 1234 5678", "5678"),
    ("(86)19912345678", "19912345678"),
    ("１３８１２３４５６７８", "１３８"),
    ("一三八一二三四五六七八", "一三八"),
    ("幺三八零零幺三八零零零", "三八"),
    ("第一13812345678", "13812345678"),
    ("13812345678、13912345678两个号码", "13912345678"),
    ("手机13812345678号", "13812345678"),
    ("1.3.8.1.2.3.4.5.6.7.8", "4.5.6"),
    ("座机0571-87654321", "87654321"),
    ("（0571）87654321转8012", "87654321"),
    ("010 6655 6677", "6655"),
    ("电话：87654321", "87654321"),
    ("传真 8765 4321", "4321"),
    ("电话400-820-8820", "820-8820"),
    ("香港 +852 2345 6789", "2345"),
    ("银行卡6222020200112233445（虚构）", "6222020200112233445"),
    ("卡号4111 1111 1111 1111", "1111"),
    ("4111111111111111", "4111"),
    ("开户账号：33001616235053001234", "33001616"),
    ("账户为 1202 0216 0990 0123 456", "0216"),
    ("住址：杭州市西湖区文三路1号", "文三路"),
    ("现住西湖区古荡街道古荡新村3幢2单元501室，", "古荡新村"),
    ("家住青溪县柳树湾村12号", "柳树湾"),
    ("其住在青河路88号", "88号"),
    ("住浙江省青河县石桥镇，", "石桥镇"),
    ("户籍所在地：安徽省某县某镇某村", "某村"),
    ("通讯地址 河滨路5号", "河滨路"),
    ("居住地为东门小区", "东门小区"),
    ("东门花园3幢2单元501室有人反映", "501"),
    ("到8号楼302室调查", "302"),
    ("举报人王小明反映", "王小明"),
    ("举报人：王小明", "王小明"),
    ("投诉人（李四）", "李四"),
    ("证人欧阳晓峰说", "欧阳晓峰"),
    ("执法人员张三、李四（执法证号：33010112）和王五现场检查", "王五"),
    ("执法人员张三、李四到场", "李四"),
    ("现场负责人赵铁柱陪同", "赵铁柱"),
    ("联系人：钱多多 13812345678", "钱多多"),
    ("附近居民孙二娘向我局反映", "孙二娘"),
    ("委托代理人周杰到场", "周杰"),
    ("执法证号：33010112003", "33010112003"),
    ("护照号E12345678", "E12345678"),
    ("港澳通行证 H12345678", "H12345678"),
    ("车牌浙A12345的罐车", "浙A12345"),
    ("浙AD12345新能源", "AD12345"),
    ("浙A·F1234", "F1234"),
    ("微信号wx_abc123", "wx_abc123"),
    ("QQ：12345678", "12345678"),
    ("邮箱 zhang.san@example.com", "zhang.san"),
    ("张某，男，1970年1月2日出生", "1970年1月2日"),
    ("出生日期：1970-01-02", "1970-01-02"),
    ("患有慢性支气管炎，", "支气管炎"),
    ("不动产权证号：浙（2020）青河县第0001234号", "0001234"),
]
# Whole texts of which nothing may disappear.
STAYS: list[str] = [
    "青河某电镀有限公司，统一社会信用代码91110000600037341L",
    "统一社会信用代码：N2330110MF1234567D",
    "信用代码 52330100MJ8765437K，罚款",
    "青环罚〔2026〕13号",
    "青环罚〔2026〕13812345678号",
    "化学需氧量浓度为 138.12 mg/L，超标0.56倍",
    "罚款人民币壹拾万元整（100000元）",
    "公司地址：青河县工业园区文三路1号",
    "注册地址：青河县纬二路8号2幢301室",
    "住所地：青河县工业大道18号",
    "2026年5月20日9时30分检查",
    "依据《中华人民共和国水污染防治法》第八十三条第二项",
    "请拨打12369或者12345反映",
    "要求住建局、住宅小区物业配合",
    "厂界噪声昼间 65.3 dB(A)",
    "经纬度120.123456，30.654321",
    "法定代表人：郑成功",
    "负责人应当在15日内改正",
    "举报人反映情况属实",
    "执法人员现场检查时发现",
    "居民来信反映、职工全部撤离",
    "张某某未取得排污许可证",
    "一九九八年建厂，二〇二六年三月改造",
]


@pytest.mark.parametrize(("text", "secret"), GONE)
def test_personal_values_disappear(text: str, secret: str) -> None:
    assert secret not in redact(text).text


@pytest.mark.parametrize("text", STAYS)
def test_public_facts_stay(text: str) -> None:
    assert text == redact(text).text


def test_there_are_at_least_sixty_red_team_texts() -> None:
    assert len(GONE) >= 60


def test_names_from_private_fields_disappear_wherever_they_stand_and_kept_names_stay() -> None:
    result = redact("诸葛 明远称，法定代表人诸葛亮亦在场；诸葛明远签字。", names=["诸葛明远"], keep=["诸葛亮"])

    assert result.text == "［姓名已隐去］称，法定代表人诸葛亮亦在场；［姓名已隐去］签字。"


@pytest.mark.parametrize(("subject", "shown"), [("company", True), ("person", False)])
def test_a_companys_registered_office_stays_and_a_persons_does_not(subject: Subject, shown: bool) -> None:
    assert ("柳树湾" in redact("住所：青河县柳树湾12号", subject=subject).text) == shown


def test_the_preview_marks_exactly_what_was_hidden() -> None:
    text = "电话13812345678，举报人王小明"

    hidden = redact(text).hidden

    assert [(text[h.start : h.end], h.kind) for h in hidden] == [("13812345678", "phone"), ("王小明", "name")]


ALPHABET = "住址电话身份证举报人王李：，。〔〕号室栋0123456789XAa-（）\u200b一二三 浙·公司"


@given(st.text(ALPHABET, max_size=60))
def test_hiding_twice_hides_nothing_more_and_spans_are_ordered(text: str) -> None:
    once = redact(text)

    assert once.text == redact(once.text).text
    assert all(a.end <= b.start for a, b in zip(once.hidden, once.hidden[1:], strict=False))
    assert all(hidden.kind in MARKS for hidden in once.hidden)


@given(
    st.sampled_from(["110105", "330106", "350212"]),
    st.dates().filter(lambda day: day.year > 1900),
    st.integers(0, 999),
    st.sampled_from(["", " ", "-", "\u200b"]),
    st.text("甲乙丙，。（）", max_size=5),
)
def test_every_valid_resident_id_disappears(area: str, day, number: int, gap: str, around: str) -> None:
    body = f"{area}{day:%Y%m%d}{number:03d}"
    total = sum(int(c) * w for c, w in zip(body, ID_WEIGHTS, strict=True))
    digits = body + "10X98765432"[total % 11]

    assert is_resident_id(digits)
    assert digits[6:17] not in redact(around + gap.join(digits) + around).text.replace(gap, "")


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.text("甲乙丙，。（）第一", max_size=5))
def test_every_mobile_number_disappears(number: str, around: str) -> None:
    assert number not in redact(around + number + around).text


def test_luhn() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
