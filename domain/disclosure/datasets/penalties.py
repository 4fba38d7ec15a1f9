"""Penalty decisions: who was punished for what, for as long as the law allows, never a minor."""

from datetime import date
from typing import Any

from piccolo.columns import Date, Varchar
from piccolo.table import Table

from domain.disclosure.dataset import NEVER, Dataset, Disclosed, Row, Shown
from domain.disclosure.fields import Field
from domain.disclosure.periods import CLASSES, rule_for, window
from domain.kernel.errors import Text


class DisclosedPenalty(Disclosed, Table, tablename="disclosed_penalty"):
    """Versions of penalty entries."""

    decided_on = Date(null=False, default=None, index=True)
    credit_code = Varchar(length=18, null=True, default=None, index=True)
    penalty_class = Varchar(length=10, null=False, default=None)
    case_number = Varchar(length=60, null=True, default=None, index=True)
    river = Varchar(length=40, null=True, default=None, index=True)


FIELDS = (
    Field(name="decision_number", label=Text("决定书文号", "decision number"), required=True, search=True,
          length_max=80),
    Field(name="subject_kind", label=Text("相对人类型", "kind of party"), kind="choice", required=True,
          choices={"company": Text("单位", "company"), "person": Text("个人", "person")}),
    Field(name="party", label=Text("相对人名称", "penalised party"), required=True, search=True, length_max=120),
    Field(name="credit_code", label=Text("统一社会信用代码", "unified social credit code"), kind="credit_code",
          filter="exact"),
    Field(name="is_minor", label=Text("是否未成年人", "is a minor"), kind="flag", private=True),
    Field(name="legal_representative", label=Text("法定代表人", "legal representative"), length_max=40),
    Field(name="facts", label=Text("违法事实", "facts"), required=True, redact=True, search=True, length_max=4_000),
    Field(name="basis", label=Text("处罚依据", "legal basis"), required=True, redact=True, length_max=1_000),
    Field(name="kind", label=Text("处罚种类", "kind of penalty"), required=True, length_max=120),
    Field(name="amount_yuan", label=Text("罚款金额（元）", "fine"), kind="decimal", unit="CNY"),
    Field(name="content", label=Text("处罚内容", "content"), redact=True, length_max=2_000),
    Field(name="performance", label=Text("履行方式和期限", "way and term of performance"), redact=True, length_max=300),
    Field(name="authority", label=Text("作出机关", "authority"), required=True, length_max=80),
    Field(name="decided_on", label=Text("决定日期", "decided on"), kind="date", required=True, filter="from_to"),
    Field(name="penalty_class", label=Text("失信类别", "class"), kind="choice", required=True, choices=CLASSES,
          filter="exact"),
    Field(name="case_number", label=Text("案件编号", "case number"), length_max=60, filter="exact",
          about=Text("由举报引发的案件", "the case that reports led to")),
    Field(name="river", label=Text("河流编码", "river code"), length_max=40, filter="exact"),
    Field(name="reporter_name", label=Text("举报人（不公开）", "reporter, never shown"), private=True, length_max=40),
    Field(name="officer_name", label=Text("执法人员（不公开）", "officer, never shown"), private=True, length_max=80),
    Field(name="repair_from", label=Text("可申请修复日期", "repair possible from"), kind="date", derived=True),
    Field(name="period_basis", label=Text("公示期依据", "basis of the period"), derived=True),
    Field(name="period_confirmed", label=Text("公示期依据是否确认", "period is confirmed"), kind="flag", derived=True),
)  # fmt: skip


def shown(row: Row, today: date) -> Shown:
    """From publication until the longest period ends; a minor class and a minor person never."""
    days = window(date.fromisoformat(row["decided_on"]), penalty_class=row["penalty_class"])
    if days is None or row.get("is_minor"):
        return Shown(NEVER, NEVER)
    return Shown(today, days[1])


def derive(row: Row, _known: Any) -> Row:
    """The repair date and the rule behind the period."""
    decided_on = date.fromisoformat(row["decided_on"])
    days, rule = window(decided_on, penalty_class=row["penalty_class"]), rule_for(decided_on)
    found = {"period_basis": rule.basis.zh, "period_confirmed": rule.confirmed}
    return row | found | ({"repair_from": days[0].isoformat()} if days else {})


def check(row: Row, _known: Any, today: date) -> list[tuple[str, str, str]]:
    """Rules across columns."""
    found = []
    if row.get("is_minor"):
        found.append(("错", "是否未成年人", "未成年人的处罚不得公示"))
    if row.get("subject_kind") == "company" and not row.get("credit_code"):
        found.append(("缺", "统一社会信用代码", "单位必须有统一社会信用代码"))
    if row.get("subject_kind") == "person" and row.get("credit_code"):
        found.append(("错", "统一社会信用代码", "个人不填统一社会信用代码"))
    decided_on = row.get("decided_on")
    if decided_on and date.fromisoformat(decided_on) > today:
        found.append(("错", "决定日期", "决定日期晚于今天"))
    if row.get("penalty_class") == "minor":
        found.append(("警", "失信类别", "轻微类不公示，仅留存"))
    return found


PENALTIES = Dataset(
    name="penalties",
    title=Text("行政处罚决定", "Penalty decisions"),
    about=Text(
        "生态环境行政处罚决定，依法定期限公示，期满、修复或撤回后自动下线。",
        "Penalty decisions, shown for the period the law sets; gone when it ends, on repair or withdrawal.",
    ),
    table=DisclosedPenalty,
    fields=FIELDS,
    key=("decision_number",),
    heading=("party", "kind", "decision_number"),
    order="decided_on",
    cycle=Text("决定后 7 个工作日内", "within 7 working days of the decision"),
    source=Text("生态环境主管部门行政处罚案卷", "Case files of the bureau"),
    two_persons=True,
    due_process=True,
    due_from="decided_on",
    due_unit="authority",
    shown=shown,
    derive=derive,
    check=check,
    subject=lambda row: str(row.get("subject_kind", "company")),
)
