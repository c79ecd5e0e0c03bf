"""MiniStack, and its end: when whoever started it is gone, it goes with all that it started."""

import os
import signal
import sys
import threading

from ministack.app import main


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_parent, daemon=True).start()
# Its own command line has no arguments.
sys.argv[1:] = []
main()
