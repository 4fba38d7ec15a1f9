"""Ways to reach a person besides the inbox: each is one file that keeps `base.Channel`, plugged in by `api.wiring`."""
