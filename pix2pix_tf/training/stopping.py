"""How a run is asked to stop: Ctrl-C, `kill`, or the end of the terminal that it was started from."""

import signal
import threading


class StopRequest:
    """SIGINT (Ctrl-C), SIGTERM or SIGHUP asks the loop to stop after its step; the second time it stops at once.

    A SIGHUP that is ignored, as under nohup, stays ignored.

    Attributes:
      requested: the name of the signal that asked, or None.
    """

    def __init__(self):
        self.requested = None
        self._old = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # Python allows handlers only there.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                    self._old[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_):
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _ask(self, number, frame):
        del frame
        self.requested = signal.Signals(number).name
        for other, handler in self._old.items():
            # Of a process that was started with SIGINT ignored, as a script's `&` does, the second Ctrl-C counts too.
            signal.signal(other, signal.SIG_DFL if handler == signal.SIG_IGN else handler)
