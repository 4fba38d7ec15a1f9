"""Telling people: one inbox that is the truth, channels that are best effort, and partners' webhooks.

Handlers turn events into messages (wording is pure and in one catalogue), a person is known here only by a keyed tag,
and every channel attempt is a row that ends in a named state. Other rooms are met only through their events.
"""
