"""Every message this product sends. A new one is an entry here (or in `catalogue_credit`) and a line in `audiences`.

Facts an entry may use are those its notice gives; the structure test renders each entry in every form with the longest
facts there are. Sentences say what happened, what it means for the reader, and what they can do.
"""

from collections.abc import Mapping

from domain.kernel.errors import Text
from notifications.catalogue_credit import CREDIT
from notifications.wording import Wording

_CASE = {"number": "{number}", "matter": "{category}", "at": "{happened_at}"}

CATALOGUE: Mapping[str, Wording] = {
    "report_received": Wording(
        topic="receipt",
        audience="reporter",
        title=Text("举报 {number} 已收到", "Report {number} received"),
        body=Text(
            "您关于“{category}”的举报已收到并转交办理。每一步进展和时限都会在这里告诉您。",
            "Your report about “{category}” was received and is being handed over. Every step and its deadline will be"
            " shown here.",
        ),
        plain=Text("您的举报已收到，正在转交办理。", "We have your report. It is being handed over."),
    ),
    "report_withdrawn": Wording(
        topic="receipt",
        audience="reporter",
        title=Text("举报 {number} 已撤回", "Report {number} withdrawn"),
        body=Text(
            "您已撤回关于“{category}”的举报，不再办理。如情况仍在，可以随时重新举报。",
            "You took back your report about “{category}”. If it goes on, you can report again at any time.",
        ),
        plain=Text("举报已撤回。", "Your report was taken back."),
    ),
    "report_published": Wording(
        topic="receipt",
        audience="reporter",
        title=Text("举报 {number} 已公开", "Report {number} is public"),
        body=Text(
            "您的举报已隐去个人信息后对外公开，大家可以看到办理情况。",
            "Your report is now public without anything about you; everybody can follow how it is handled.",
        ),
        plain=Text("举报已公开，不含您的个人信息。", "The report is public, without anything about you."),
    ),
    "case_accepted": Wording(
        topic="progress",
        audience="reporter",
        title=Text("举报 {number} 已受理", "Report {number} accepted"),
        body=Text(
            "办理平台已受理您关于“{category}”的举报。",
            "The case platform has accepted your report about “{category}”.",
        ),
        plain=Text("举报已受理。", "Your report was accepted."),
        slots=_CASE | {"result": "已受理", "note": "点击查看办理进展和时限"},
        sms=Text(
            "您的举报{number}已受理，进展请在小程序查看。", "Report {number} was accepted. See the app for progress."
        ),
    ),
    "case_progressed": Wording(
        topic="progress",
        audience="reporter",
        title=Text("举报 {number}：{stage}", "Report {number}: {stage}"),
        body=Text(
            "您关于“{category}”的举报进入“{stage}”环节。",
            "Your report about “{category}” is now at the stage “{stage}”.",
        ),
        plain=Text("举报到了“{stage}”这一步。", "Your report is now at: {stage}."),
        slots=_CASE | {"result": "办理中", "note": "当前环节：{stage}"},
        sms=Text("您的举报{number}有新进展：{stage}。", "Report {number}: now at the stage {stage}."),
    ),
    "case_closed": Wording(
        topic="closure",
        audience="reporter",
        title=Text("举报 {number} 已办结：{outcome}", "Report {number} closed: {outcome}"),
        body=Text(
            "您关于“{category}”的举报已办结，结果：{outcome}。请查看详情并告诉我们：问题解决了吗？您满意吗？",
            "Your report about “{category}” was closed. Result: {outcome}. Please look at the details and tell us:"
            " is it solved, and are you satisfied?",
        ),
        plain=Text(
            "举报办结了：{outcome}。解决了吗？请点开告诉我们。", "Closed: {outcome}. Is it solved? Open to tell us."
        ),
        slots=_CASE | {"result": "已办结", "note": "{outcome}，请评价是否解决"},
        sms=Text(
            "您的举报{number}已办结：{outcome}，请在小程序评价。", "Report {number} closed: {outcome}. Please rate it."
        ),
    ),
    "case_closed_provisional": Wording(
        topic="closure",
        audience="reporter",
        title=Text("举报 {number} 待后督查：{outcome}", "Report {number}, to be inspected again: {outcome}"),
        body=Text(
            "您关于“{category}”的举报已初步办结，结果：{outcome}。还将进行后督查，确认后才算最终办结；您现在也可以评价。",
            "Your report about “{category}” was closed for now. Result: {outcome}. It will be inspected once more"
            " before that is final; you can rate it already.",
        ),
        plain=Text("初步办结：{outcome}。之后还会复查。", "Closed for now: {outcome}. It will be checked again."),
        slots=_CASE | {"result": "初步办结", "note": "{outcome}，待后督查"},
        sms=Text("您的举报{number}初步办结：{outcome}，待后督查。", "Report {number} closed for now: {outcome}."),
    ),
    "case_reopened": Wording(
        topic="progress",
        audience="reporter",
        title=Text("举报 {number} 重新办理", "Report {number} reopened"),
        body=Text(
            "您关于“{category}”的举报已重新办理（第 {round} 轮），时限重新计算。",
            "Your report about “{category}” is being handled again (round {round}) with new deadlines.",
        ),
        plain=Text("举报重新办理了。", "Your report is being handled again."),
        slots=_CASE | {"result": "重新办理", "note": "第{round}轮办理已开始"},
        sms=Text("您的举报{number}已重新办理。", "Report {number} is being handled again."),
    ),
    "question_asked": Wording(
        topic="question",
        audience="reporter",
        title=Text("举报 {number} 需要您补充", "Report {number}: a question to you"),
        body=Text(
            "办理人员就您关于“{category}”的举报提了一个问题，请尽快回答，以免耽误办理。",
            "The people handling your report about “{category}” have a question. Please answer soon so that it does not"
            " wait.",
        ),
        plain=Text("有一个问题要问您，请点开回答。", "There is a question for you. Please open and answer."),
        slots=_CASE | {"note": "请点开回答办理人员的提问"},
        sms=Text(
            "您的举报{number}需要补充信息，请在小程序回答。", "Report {number}: please answer a question in the app."
        ),
    ),
    "case_late_amber": Wording(
        topic="warning",
        audience="reporter",
        title=Text("举报 {number} 临近时限", "Report {number} is near its deadline"),
        body=Text(
            "您关于“{category}”的举报在“{stage}”环节已用去大部分时限，已提醒办理单位。",
            "Your report about “{category}” has used most of its time at the stage “{stage}”. The unit was reminded.",
        ),
        plain=Text("办理快到时限，已提醒办理单位。", "The deadline is near. The unit was reminded."),
    ),
    "case_late_red": Wording(
        topic="warning",
        audience="reporter",
        title=Text("举报 {number} 已超期", "Report {number} is late"),
        body=Text(
            "您关于“{category}”的举报在“{stage}”环节已超过时限，已向上级发出红灯预警。",
            "Your report about “{category}” is past its deadline at the stage “{stage}”. A red warning was sent.",
        ),
        plain=Text("办理超期了，已向上级报警。", "It is late. Their superiors were warned."),
        slots=_CASE | {"result": "红灯预警", "note": "环节：{stage}，已督办"},
        sms=Text("您的举报{number}办理超期，已红灯预警。", "Report {number} is late; a red warning was sent."),
    ),
    "case_extended": Wording(
        topic="progress",
        audience="reporter",
        title=Text("举报 {number} 延长时限", "Report {number}: more time given"),
        body=Text(
            "您关于“{category}”的举报在“{stage}”环节经批准延长 {extra}，理由见详情。",
            "At the stage “{stage}” your report about “{category}” was given {extra} more; see why.",
        ),
        plain=Text("办理时间延长 {extra}。", "They have {extra} more."),
        slots=_CASE | {"result": "延长时限", "note": "{stage}延长{extra}"},
    ),
    "review_requested": Wording(
        topic="progress",
        audience="reporter",
        title=Text("举报 {number} 进入复核", "Report {number} is under review"),
        body=Text(
            "您关于“{category}”的举报多次办理后仍反映未解决，已转上级复核。",
            "Your report about “{category}” is still said to be unsolved. It was passed on for review.",
        ),
        plain=Text("已转上级复核。", "Passed on for review."),
        slots=_CASE | {"result": "上级复核", "note": "已转上级复核"},
    ),
    "identity_seen": Wording(
        topic="identity",
        audience="reporter",
        title=Text("有人查看了您的身份信息", "Your identity was looked at"),
        body=Text(
            "举报 {number}：工作人员 {officer} 经 {approver} 批准，于 {happened_at} 查看了您的身份信息，"
            "用于{purpose}。理由：{reason}。如有疑问，可在举报详情中查看或投诉。",
            "Report {number}: officer {officer}, with the approval of {approver}, looked at your identity on"
            " {happened_at} {purpose}. Reason given: {reason}. You can read this again in the report, or complain.",
        ),
        plain=Text("工作人员经批准查看了您的身份信息，点开看原因。", "Your identity was looked at. Open to see why."),
        sms=Text(
            "经批准，您的举报{number}的身份信息被查看，原因见小程序。",
            "Report {number}: your identity was looked at, with approval. See why in the app.",
        ),
        urgent=True,
    ),
    "matter_answered": Wording(
        topic="enterprise",
        audience="delegate",
        title=Text("企业信用{matter}：{outcome}", "Enterprise credit, {matter}: {outcome}"),
        body=Text(
            "您代表的“{enterprise}”提出的{matter}已有答复：{outcome}。请在企业页面查看答复全文和后续期限。",
            "“{enterprise}”, for which you act, has an answer to its {matter}: {outcome}. Read the answer and the"
            " next deadlines on the enterprise's page.",
        ),
        plain=Text("{matter}已答复：{outcome}。", "Answer to the {matter}: {outcome}."),
        sms=Text("您代表企业提出的{matter}已答复，请在小程序查看。", "Your {matter} was answered. See the app."),
        page="pages/enterprise/index",
    ),
    "penalty_published": Wording(
        topic="progress",
        audience="reporter",
        title=Text("您的举报促成了处罚", "Your report led to a penalty"),
        body=Text(
            "您关于“{category}”的举报（{number}）已查实并作出行政处罚，处罚决定已依法公示。感谢您。",
            "Your report {number} about “{category}” led to a penalty decision, which is now public. Thank you.",
        ),
        plain=Text("您举报的问题已被处罚，决定已公示。", "What you reported was penalised. The decision is public."),
    ),
    "chief_answered": Wording(
        topic="receipt",
        audience="resident",
        title=Text("河长已答复您的留言", "The river chief answered you"),
        body=Text(
            "河长答复了您的留言，可在“我的留言”查看并评价。",
            "The river chief answered your message. Read and rate it there.",
        ),
        plain=Text("河长回复您了，请查看。", "The river chief has answered you."),
    ),
    "digest": Wording(
        topic="progress",
        audience="resident",
        title=Text("今日有 {count} 条新消息", "{count} new messages today"),
        body=Text(
            "您今天有 {count} 条进展或积分消息，请在消息中查看。", "{count} messages about progress or points today."
        ),
        plain=Text("今天有 {count} 条新消息。", "{count} new messages today."),
        slots={
            "number": "DIGEST",
            "matter": "今日消息汇总",
            "result": "每日汇总",
            "at": "{happened_at}",
            "note": "共{count}条，点击查看",
        },
        page="pages/inbox/index",
    ),
    "case_progressed_followed": Wording(
        topic="progress",
        audience="follower",
        title=Text("您关注的 {number}：{stage}", "{number}, which you follow: {stage}"),
        body=Text("您关注的“{category}”案件进入“{stage}”环节。", "The case about “{category}” is now at “{stage}”."),
        plain=Text("您关注的案件到了“{stage}”。", "The case you follow is at: {stage}."),
    ),
    "case_closed_followed": Wording(
        topic="closure",
        audience="follower",
        title=Text("您关注的 {number} 已办结", "{number}, which you follow, was closed"),
        body=Text(
            "您关注的“{category}”案件已办结，结果：{outcome}。", "The case about “{category}” was closed: {outcome}."
        ),
        plain=Text("您关注的案件办结了：{outcome}。", "The case you follow was closed: {outcome}."),
    ),
    "report_nearby": Wording(
        topic="alert",
        audience="follower",
        title=Text("您关注的区域有新举报", "A new report near you"),
        body=Text(
            "您关注的区域内有一条关于“{category}”的公开举报：{number}。",
            "Within an area you follow there is a public report about “{category}”: {number}.",
        ),
        plain=Text("您关注的区域有一条新举报。", "There is a new report near you."),
    ),
    "area_alert": Wording(
        topic="alert",
        audience="area",
        title=Text("{headline}", "{headline}"),
        body=Text("{message}", "{message}"),
        plain=Text("{headline}", "{headline}"),
        urgent=True,
        page="pages/inbox/index",
    ),
    "district_notice": Wording(
        topic="district",
        audience="district",
        title=Text("{headline}", "{headline}"),
        body=Text("{message}", "{message}"),
        plain=Text("{headline}", "{headline}"),
        page="pages/inbox/index",
    ),
    **CREDIT,
}
