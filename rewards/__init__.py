"""Green credit: behaviours and their methods, the points and carbon ledger, activities, goods, certificates, score.

Every movement is one immutable row posted by one database function (`schema.sql`, `ledger.py`); every award stores its
inputs and the hash of its method version, so anybody can recompute it. No service of the house depends on points.
"""
