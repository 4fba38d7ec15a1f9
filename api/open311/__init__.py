"""Open311 GeoReport v2: our reports in the form that civic clients everywhere speak, as XML and JSON.

`wire` writes both formats from a tree, `problems` are errors in the standard's own shape, `services` maps the category
tree, `reading` answers queries from published reports only, `posting` turns a form into a report.
"""
