"""PostgreSQL, Valkey and S3 started from installed packages when no address is configured.

They are real servers on loopback with generated passwords, all data in one folder, driven by our own supervisor: it
survives stale pid files, taken ports, running as root and its own sudden death. `stack.Stack` is the way in.
"""
