"""Prometheus metrics of this process. Labels are route templates and fixed names, never ids or personal values.

Numbers that live in the database (outbox age, jobs, ledger totals) are read when `/metrics` is asked, see
`api.routes.health`.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry(auto_describe=True)
REQUESTS = Counter("green_whistle_requests", "Answered requests", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "green_whistle_request_seconds",
    "Time from the request's first byte to the answer's last",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
IN_FLIGHT = Gauge("green_whistle_requests_in_flight", "Requests being answered now", registry=REGISTRY)
LIMITED = Counter("green_whistle_limited", "Requests refused by a rate limit", ["limit"], registry=REGISTRY)
REFUSED = Counter("green_whistle_refused", "Sign-ins and signatures refused", ["what"], registry=REGISTRY)
CASE_UPDATES = Counter("green_whistle_case_updates", "Updates of the case platform", ["result"], registry=REGISTRY)
OUTBOX_AGE = Gauge("green_whistle_outbox_oldest_seconds", "Age of the oldest unhandled event", registry=REGISTRY)
OUTBOX_OPEN = Gauge("green_whistle_outbox_open", "Events not handled yet", registry=REGISTRY)
OUTBOX_DEAD = Gauge("green_whistle_outbox_dead", "Events whose handler kept failing", registry=REGISTRY)
JOBS = Gauge(
    "green_whistle_send_jobs", "Calls to other machines by kind and state", ["kind", "state"], registry=REGISTRY
)
JOB_LAG = Gauge("green_whistle_send_lag_seconds", "How late the most overdue call is", registry=REGISTRY)
LEDGER = Gauge(
    "green_whistle_ledger", "Ledger totals by unit and kind of account", ["unit", "kind", "of"], registry=REGISTRY
)
DATABASE_UP = Gauge("green_whistle_database_up", "Whether the database answered just now", registry=REGISTRY)
