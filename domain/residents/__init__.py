"""The people: accounts without names, how they sign in, their sealed phone and openid, sessions and consents.

Personal values are stored encrypted beside a keyed hash for look-up. Nothing here knows what a report is.
"""
