"""The list of all behaviours: every module of `rewards.actions` has one `BEHAVIOUR`."""

import pkgutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib import import_module

from domain.kernel.errors import NotFound
from rewards import actions, methods
from rewards.behaviour import Behaviour
from rewards.factors import FACTORS
from rewards.methods import Result

BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.code: behaviour
    for module in sorted(m.name for m in pkgutil.iter_modules(actions.__path__))
    for behaviour in [import_module(f"rewards.actions.{module}").BEHAVIOUR]
}


def find(code: str) -> Behaviour:
    """The behaviour; raises `NotFound`."""
    if code not in BEHAVIOURS:
        raise NotFound
    return BEHAVIOURS[code]


def result(behaviour: Behaviour, *, inputs: Mapping[str, Decimal], day: date, region: str) -> Result:
    """What the behaviour gives by the method and factors of the local `day`; the same stored inputs give it again."""
    method = methods.valid_on(behaviour.methods, day)
    factors = [methods.factor_on(FACTORS, code, region=region, day=day) for code in method.factors]
    return methods.compute(behaviour.code, method=method, factors=factors, inputs=inputs)
