"""Run as a script: waits until standard input closes (our parent is gone), then signals the process it guards."""

import contextlib
import os
import sys

if __name__ == "__main__":
    sys.stdin.buffer.read()
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(sys.argv[1]), int(sys.argv[2]))
