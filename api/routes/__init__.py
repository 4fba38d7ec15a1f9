"""One file per noun of the HTTP API; each exports `ROUTES`, listed in `api.app`."""
