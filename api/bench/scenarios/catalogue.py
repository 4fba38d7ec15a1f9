"""The list of scenarios: name → module. A new one is a file here and a line."""

SCENARIOS = {
    "submit": "api.bench.scenarios.submit",
    "cycle": "api.bench.scenarios.cycle",
    "reads": "api.bench.scenarios.reads",
}
