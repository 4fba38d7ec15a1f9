"""`green-whistle bench NAME`: what an operation costs the servers, as a ratio to a floor measured in the same run.

Absolute microseconds depend on the machine; ratios inside one run do not. A new scenario is one file in `scenarios/`
and one line in `scenarios/catalogue.py`; it gets a `Bench` (a fresh installation, a load generator and a meter).
"""
