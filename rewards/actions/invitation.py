"""An invited friend's first verified activity; held for seven days."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="invitation",
    title=Text("邀请好友", "Inviting a friend"),
    field="community",
    proofs=("invitation",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"friends": Input(unit="person", low="1", high="1")},
            points="friends * 10",
        ),
    ),
    caps=(Cap(period="day", of="times", limit=3), Cap(period="month", of="times", limit=20)),
    held_days=7,
)
