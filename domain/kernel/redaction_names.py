"""Finds home addresses and names of people other than the penalised.

Names are found by known values (`names`), and in free text only after a role (举报人, 证人, 执法人员…): a list of
surnames and of words that cannot end a name decides how long the name is.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from domain.kernel.redaction_marks import Found

STOP = "，。；,;！？!?\n\r）)】〕［］"
COMPANY_BEFORE = re.compile(r"(?:公司|企业|单位|经营|注册|办公|厂区|项目|建设|生产|登记|营业)[^，。；,;]{0,4}$")
HOME = re.compile(
    r"(?:住址|居住地址|居住地|住地|户籍地址|户籍地|户籍所在地|户口所在地|户籍(?!制度|管理|证明|人口|政策)|籍贯|家庭地址|通讯地址|通信地址|联系地址"
    r"|收件地址|收货地址)"
    rf"[:：为是系在于\s]*([^{STOP}]{{2,80}})"
)
HOME_WORDS = re.compile("[住地居户家籍租]")
PERSON_BEFORE = re.compile(r"(?:[，,、\s][男女][，,、\s]|身份证|公民|村民|居民|自然人|出生|岁|个体)[^。；;\n]*$")
REGISTERED = re.compile(rf"(?:住所地?|地址)[:：为是\s]+([^{STOP}]{{2,80}})")
NOT_LIVING = "(?!所|址|地|宅|房|建|户|院|持|民|人)"
PLACE_AHEAD = rf"(?=[^{STOP}]{{0,30}}?(?:省|市|区|县|镇|乡|村|路|街|巷|弄|室|栋|幢|号))"
LIVES = re.compile(
    rf"(?:[现家暂租居常]住{NOT_LIVING}(?:在|于)?|住(?:在|于)|家(?:在|位于){PLACE_AHEAD}|[现寓]居于?{PLACE_AHEAD}|租房于|(?<![居入常现家暂租])住{NOT_LIVING}{PLACE_AHEAD})"
    rf"([^{STOP}、]{{2,60}})"
)
ROOM = re.compile(
    r"[一-鿿A-Za-z0-9]{0,10}[0-9一二三四五六七八九十]{1,4}(?:号楼|栋|幢|座)"
    r"(?:[0-9一二三四五六七八九十]{1,3}单元)?[0-9]{2,5}室?"
)
NO_HOMES = ("宅", "房", "建")
BUILDING = re.compile("号楼|栋|幢|座")
OFFICE = re.compile("(?:公司|企业|单位|经营|注册|办公)(?:地址|场所|地点|住所)|住所地?[:：]")
SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文施洪翟倪"
    "严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷时舒耿牟卜肖詹关苗凌费纪靳盛童欧甄项曲成"
    "游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来"
    "嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封"
    "竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙伏岑习胥保和蔺"
)
COMPOUND = re.compile("欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|夏侯|端木|百里|南宫|独孤")
ROLES = (
    "举报人|举报者|投诉人|投诉者|信访人|来访人|来电人|检举人|反映人|报案人|知情人|爆料人|证人|见证人|受害人|被害人|"
    "被询问人|询问人|姓名|群众|市民|网友|未成年人|小学生|中学生|学生|儿童|孩子|幼儿|少年|男童|女童|男孩|女孩|"
    "其女儿|其儿子|其子|其女|其妻子|其妻|其丈夫|其夫|其父亲|其父|其母亲|其母|之妻|之子|之女|之夫|之父|之母|长子|次子|长女|次女|孙子|孙女|岁的|患者|联络人|"
    "联系人|经办人|承办人|记录人|执法人员|检查人员|调查人员|办案人员|监测人员|采样人员|"
    "陪同人员|在场人员|工作人员|现场负责人|环保负责人|负责人|厂长|车间主任|操作工|员工|职工|"
    "工人|司机|驾驶员|门卫|保安|居民|村民|住户|邻居|业主|代理人|委托代理人|监护人|家属|"
    "妻子|丈夫|儿子|女儿|父亲|母亲|股东|记者|网格员|志愿者|河长"
)
ROLE = re.compile(
    rf"(?:{ROLES})(?:[（(](?:实名|匿名|化名|[男女])[^（）()]{{0,4}}[)）])?(?:姓名|分别为|分别是|的|为|是|系|名叫|叫做|叫|实名|[:：\s（(“])*"
)
# A name by what stands behind it: `王小明（身份证…`, `李四，女，12岁`, `王小明向我局举报`.
LEADS = r"(?:(?<![一-鿿])|(?<=[据由经接对与和及为是被向将]))"
BETWEEN = r"[\s，,、：:（(]{0,3}"
BEHIND = re.compile(
    rf"{BETWEEN}(?:[男女](?=[，,、。；;\s）)]|$)|(?:公民|居民|的)?身份(?:证|号)|(?:联系|的)?电话|手机|家住|现住|住址|住所"
    r"|[0-9一-鿿]{1,3}(?:周)?岁|[+＋]?[0-9０-９]{11}|1[3-9][0-9][\s\-]?[0-9]{4})"
    r"|(?:同志|女士|先生)?(?:[多再]次|实名|匿名|来电|来信|到我局|到场|通过[^，。；]{1,10}|(?:向|拨打)[^，。；]{1,12}?)?"
    r"(?:举报|投诉|信访|检举|报案|作证|签字确认|反映(?!情况属实))"
)
BEHIND_WORDS = re.compile(  # looked for first: most texts have none
    r"[男女岁]|身份|电话|手机|家住|现住|住[址所]|[0-9０-９]{11}|1[3-9][0-9][\s\-]?[0-9]{4}|举报|投诉|信访|检举|报案|作证|签字|反映"
)
LATIN_NAME = re.compile(r"[A-Z][A-Za-z]{1,15}(?:[ .·][A-Z][A-Za-z]{0,15}){0,3}")
MINORITY_NAME = re.compile(r"[一-鿿]{1,6}[·•・．][一-鿿]{1,8}")
ORGANISATION = re.compile(r"[^在的于是为经系与和及、说称反，。；,;\s]{2,16}?(?:有限|股份|集团|合作社|村委会|居委会)")
# Characters that follow a person's name in running text and hardly ever end one.
AFTER_NAME = frozenset(
    "反称说向于在到的及和与表提的、，。；：:（）()“”对将被把从已未不没也就又还曾均都现其该我你他她是为系并或等因据"
    "经由电来发签拍陈述［］"
)
SEPARATOR = re.compile(
    r"(?:（[^（）]{0,40}）|\([^()]{0,40}\))?(?:、|和|及|与|,|，(?=[一-鿿]{2,3}(?:[、，,。；和及与]|$)))"
)
LEADS_AT = re.compile(LEADS)
GIVEN_MAX, SPREAD_MAX = 2, 3
MASKED = re.compile(r"[某*×]")
NOT_NAMES = re.compile(
    "应当|应急|应该|应予|全部|全体|全员|都是|都有|都称|来信|来电|来访|成立|成员|关于|"
    "关闭|和谐|连续|连夜|计划|时间|时常|解决|管理|任何|强烈|强调|单位|原因|代表|于某|"
    "方面|查处|查看|查明|施工|明确|明知|何时|向我|向该|向本|常年|华侨|从事|路过|陆续|"
    "保持|保护|边界|周边|周围|周日|周一|周末|许多|时有|成功|有关|向上|方便|经常|程序|施行|全市|全区|全县|高度|平台|和解|"
    "钟点|贵公司|贵局|燕窝|项目|相关|华东|安全|安排|安装|伍佰|万元|于是|应予|水利|水务|水厂|江边|党员|车主|包括|单独"
)


def find_addresses(text: str, *, company: bool) -> Iterator[Found]:
    """Home addresses; 住所 and 地址 too, except where they name a penalised company's registered office."""
    for pattern in (HOME, LIVES, REGISTERED) if HOME_WORDS.search(text) else ():
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 40) : match.start()]
            office = COMPANY_BEFORE.search(before[-8:]) or (
                pattern is REGISTERED and company and not PERSON_BEFORE.search(before)
            )
            if not office and not match[1].startswith(NO_HOMES):
                yield Found(*match.span(1), "address")
    for match in ROOM.finditer(text) if BUILDING.search(text) else ():
        line = max(text.rfind(stop, 0, match.start()) for stop in "。；;\n")
        if not OFFICE.search(text, line + 1, match.start()):
            yield Found(*match.span(), "address")


def find_names(text: str, *, names: Sequence[str], keep: Collection[str]) -> Iterator[Found]:
    """Known names wherever they stand, names after a role, and names before what only belongs to a person."""
    for name in names:
        if len(name) > 1 and name not in keep:
            pattern = r"[\s·•\u200b]{0,2}".join(map(re.escape, name.replace(" ", "")))
            for match in re.finditer(pattern, text):
                yield Found(*match.span(), "name")
    for match in ROLE.finditer(text):
        yield from _names_from(text, match.end(), keep=keep)
    for match in BEHIND.finditer(text) if BEHIND_WORDS.search(text) else ():
        if (start := _name_start(text, match.start())) is not None and text[start : match.start()] not in keep:
            yield Found(start, match.start(), "name")


def _names_from(text: str, at: int, *, keep: Collection[str]) -> Iterator[Found]:
    """A list of names that starts at `at`: 张三、李四（…）和王小五."""
    while end := _name_end(text, at):
        if text[at:end] not in keep and not MASKED.search(text[at:end]):
            yield Found(at, end, "name")
        following = SEPARATOR.match(text, end)
        if following is None:
            return
        at = following.end()


def _name_start(text: str, end: int) -> int | None:
    """Where a name of two to four characters that ends at `end` begins, or None."""
    for length in (4, 3, 2):
        start = end - length
        if start < 0 or not LEADS_AT.match(text, start) or MASKED.search(text[start:end]):
            continue
        if text[start] >= "一" and _name_end(text, start) == end and (length < 4 or COMPOUND.match(text, start)):  # noqa: PLR2004
            return start
    return None


def _name_end(text: str, at: int) -> int | None:
    """Where the name beginning at `at` ends, or None when no name begins there."""
    for foreign in (MINORITY_NAME, LATIN_NAME):
        if match := foreign.match(text, at):
            return match.end()
    compound = COMPOUND.match(text, at)
    surname = compound[0] if compound else text[at : at + 1]
    if (compound is None and surname not in SURNAMES) or NOT_NAMES.match(text, at) or ORGANISATION.match(text, at):
        return None
    end, given = at + len(surname), 0
    spread = text[end : end + 1].isspace()  # `王　明`, `王 小 明`: printed names of two characters are spread out
    while given < GIVEN_MAX:
        following = end
        while spread and text[following : following + 1].isspace() and following - end < SPREAD_MAX:
            following += 1
        if following >= len(text) or not _may_be_in_name(text[following]):
            break
        end, given = following + 1, given + 1
    return end if given else None


def _may_be_in_name(character: str) -> bool:
    return ("一" <= character <= "鿿" or character in "某*×") and character not in AFTER_NAME
