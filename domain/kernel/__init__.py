"""What every other room stands on: settings, the database, time, ids, refusals, events and their outbox.

The kernel knows nothing of reports, photographs or points. It imports no other package of this house.
"""
