"""One file per `green-whistle` command: `add_arguments(parser)` and `run(options)`, registered in `api.cli`."""
