"""Generated requests against the served app: no 5xx, and answers as described. `tests/thorough` sends many more."""

import schemathesis
from hypothesis import HealthCheck, settings

from tests.builders.generated import STREAMING, check, described, served  # noqa: F401 - `served` is a fixture

schema = described()
schema.config.phases.coverage.enabled = False  # one request per bound of every value: only in the thorough run


@schema.exclude(path_regex=STREAMING).parametrize()
@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_generated_requests_are_answered_as_described(case: schemathesis.Case, served) -> None:  # noqa: F811
    check(case, served)
