"""The messages about activities, points and claims; part of `catalogue`."""

from collections.abc import Mapping

from domain.kernel.errors import Text
from notifications.wording import Wording

CREDIT: Mapping[str, Wording] = {
    "activity_reminder": Wording(
        topic="activity",
        audience="resident",
        title=Text("您报名的活动即将开始", "Your activity begins soon"),
        body=Text(
            "您报名的“{activity}”将于 {starts_at} 开始。如不能参加，请在开始前取消，把名额留给候补的人。",
            "“{activity}”, which you signed up for, begins on {starts_at}. If you cannot come, please cancel before"
            " the start, so that somebody waiting gets the place.",
        ),
        plain=Text("活动 {starts_at} 开始，请准时到场。", "Your activity begins on {starts_at}."),
        slots={"matter": "您报名的志愿活动", "at": "{starts_at}", "note": "不能参加请提前取消"},
        page="pages/activity/index",
    ),
    "activity_place": Wording(
        topic="activity",
        audience="resident",
        title=Text("候补成功，您已有名额", "You moved up: you have a place"),
        body=Text(
            "“{activity}”有人取消，您已从候补转为正式报名，活动 {starts_at} 开始。",
            "Somebody cancelled: you now have a place at “{activity}”, which begins on {starts_at}.",
        ),
        plain=Text("候补成功，活动 {starts_at} 开始。", "You have a place. It begins on {starts_at}."),
        slots={"matter": "候补的志愿活动", "at": "{starts_at}", "note": "候补成功，您已有名额"},
        page="pages/activity/index",
    ),
    "activity_called_off": Wording(
        topic="activity",
        audience="resident",
        title=Text("您报名的活动已取消", "Your activity was called off"),
        body=Text(
            "原定 {starts_at} 的“{activity}”已由组织者取消，无需前往。",
            "“{activity}”, planned for {starts_at}, was called off by the organisers. Please do not come.",
        ),
        plain=Text("活动已取消，不用去了。", "The activity was called off. Please do not come."),
        page="pages/activity/index",
    ),
    "points_awarded": Wording(
        topic="points",
        audience="resident",
        title=Text("获得 {points} 绿色积分", "You earned {points} green points"),
        body=Text(
            "“{behaviour}”为您带来 {points} 绿色积分，可在“我的积分”查看明细。",
            "“{behaviour}” earned you {points} green points. See your statement for details.",
        ),
        plain=Text("您得到 {points} 积分。", "You have {points} more points."),
        slots={"matter": "{behaviour}", "points": "{points}", "at": "{happened_at}", "note": "感谢您的绿色行动"},
        page="pages/points/index",
    ),
    "points_reversed": Wording(
        topic="points",
        audience="resident",
        title=Text("撤回 {points} 绿色积分", "{points} green points taken back"),
        body=Text(
            "有 {points} 绿色积分因核查被撤回，可在“我的积分”查看原因并申诉。",
            "{points} green points were taken back after a check. Your statement says why; you may appeal there.",
        ),
        plain=Text("撤回了 {points} 积分，可以申诉。", "{points} points were taken back. You may appeal."),
        page="pages/points/index",
    ),
    "claim_refused": Wording(
        topic="points",
        audience="resident",
        title=Text("一次申报未获积分", "A claim earned no points"),
        body=Text(
            "您申报的“{behaviour}”未获积分，可在“我的积分”查看原因并申诉。",
            "Your claim for “{behaviour}” earned no points. Your statement says why; you may appeal there.",
        ),
        plain=Text("这次申报没有积分，可以申诉。", "No points this time. You may appeal."),
        page="pages/points/index",
    ),
}
