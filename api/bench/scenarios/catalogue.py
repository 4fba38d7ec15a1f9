"""The list of scenarios: name → module. A new one is a file here and a line."""

SCENARIOS = {
    "submit": "api.bench.scenarios.submit",
    "reports": "api.bench.scenarios.reports",
    "cycle": "api.bench.scenarios.cycle",
    "ledger": "api.bench.scenarios.ledger",
    "expiry": "api.bench.scenarios.expiry",
    "history": "api.bench.scenarios.history",
    "reads": "api.bench.scenarios.reads",
}
