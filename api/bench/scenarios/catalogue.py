"""The list of scenarios: name → module. A new one is a file here and a line."""

SCENARIOS = {
    "submit": "api.bench.scenarios.submit",
    "reports": "api.bench.scenarios.reports",
    "cycle": "api.bench.scenarios.cycle",
    "cases": "api.bench.scenarios.cases",
    "ledger": "api.bench.scenarios.ledger",
    "expiry": "api.bench.scenarios.expiry",
    "history": "api.bench.scenarios.history",
    "disclosure": "api.bench.scenarios.disclosure",
    "reads": "api.bench.scenarios.reads",
    "inbox": "api.bench.scenarios.inbox",
    "streams": "api.bench.scenarios.streams",
    "notify": "api.bench.scenarios.notify",
    "photos": "api.bench.scenarios.photos",
}
