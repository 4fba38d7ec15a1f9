"""Cases: what the bureau's platform does with reports, and how long it takes.

The stage graph, the clocks and the lights are pure and recomputed from the stored updates, so their order of arrival
does not matter. The reporter appears here only as a report id and a pseudonym.
"""
