"""Public data over HTTP: questions from query parameters, cached answers with ETags, CSV, GeoJSON, Atom."""
