"""`green-whistle prove crash`: servers are killed under load, and afterwards nothing may be lost, doubled or stuck.

Bounded by `--seconds`, repeatable by `--seed`, on an installation of its own that is removed afterwards.
"""
