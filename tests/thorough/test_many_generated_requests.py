"""Twenty generated requests per operation and one per bound of every value; takes minutes, so it is asked for by name."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.builders.generated import STREAMING, check, described, served  # noqa: F401 - `served` is a fixture

schema = described()


@pytest.mark.slow
@schema.exclude(path_regex=STREAMING).parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_generated_requests_are_answered_as_described(case: schemathesis.Case, served) -> None:  # noqa: F811
    check(case, served)
