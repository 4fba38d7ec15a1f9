"""Enterprise environmental credit: enterprises and their delegates, rule packs, ratings, objections, replies, repair.

A rating is a pure function of a rule pack and its stored inputs, so that anybody with the inputs gets the same grade.
What is public leaves this room as an event and is shown by the disclosure room.
"""
