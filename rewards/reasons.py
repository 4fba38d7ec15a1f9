"""Why a claim is held or refused: one stable code each, with words for the resident."""

from domain.kernel.errors import Text

REASONS: dict[str, Text] = {
    "awaiting-review": Text("等待人工审核", "Waiting for a person to look at it"),
    "peers-disagree": Text("互评意见不一，等待人工审核", "Reviewers disagree; an officer will look at it"),
    "account-closed": Text("账号已注销", "The account was closed"),
    "hold-period": Text("公示等待期内", "Within the waiting period"),
    "cap-reached": Text("已达到该行为的上限", "The limit of this behaviour is reached"),
    "overlaps": Text("与同一时段的另一行为重叠，取较高者", "Overlaps another behaviour; the better one counts"),
    "too-fast": Text("速度超出该出行方式的合理范围", "Faster than this way of travelling allows"),
    "too-far-apart": Text("与上一记录的位置、时间不符", "Too far from the record before in too short a time"),
    "steps-at-night": Text("夜间步数异常", "An unusual run of steps at night"),
    "photo-seen-before": Text("照片与已有照片相同或高度相似", "The photograph was used before"),
    "same-device": Text("同一设备短时间内多人操作", "One device acted for several people within minutes"),
    "steady-gps": Text("定位信号异常稳定", "The location does not vary as a real receiver's does"),
    "too-late": Text("超过申报期限", "Claimed too late"),
    "in-the-future": Text("行为时间晚于当前时间", "Said to happen in the future"),
    "bad-inputs": Text("数据超出方法学允许的范围", "The numbers are outside the method's bounds"),
    "method-not-valid-then": Text("该日期没有有效的方法学版本", "No method version was valid on that day"),
    "not-convincing": Text("凭证不足以证明该行为", "The proof does not show the behaviour"),
    "nothing-saved": Text("按方法学计算减排量为零", "The method gives zero"),
    "activity-sampled": Text("活动抽查中", "The activity is being sampled"),
    "withdrawn": Text("本人撤回", "Withdrawn by the resident"),
    "corrected": Text("已更正，以新记录为准", "Corrected; the new entry counts"),
}
