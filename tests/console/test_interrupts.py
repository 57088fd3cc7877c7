"""Interrupts, answered by a thread that waits for them."""

import signal
import subprocess
import sys


def heed_interrupts():
    """In the child: a shell that starts the tests in its background has it ignore SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


SWALLOWING = """
import contextlib, os, signal, time
from untone import __main__, cli
from untone.console.progress import interruptible

def main():
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    print("ended itself", flush=True)
    for _ in range(2):  # as modules do that catch everything while they are imported
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)

cli.main = main
raise SystemExit(__main__.main())
"""


def test_an_interrupt_is_answered_though_others_swallow_it_and_left_to_work_that_ends_itself():
    process = subprocess.Popen(
        [sys.executable, "-c", SWALLOWING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed_interrupts
    )
    said = process.communicate(timeout=120)
    assert (process.returncode, *said) == (130, b"ended itself\n", b"untone: interrupted\n")


INTERRUPTED_AGAIN = """
import os, signal, sys
from untone import __main__, cli

class Interrupting:  # whoever presses Ctrl-C twice
    def write(self, text):
        os.write(2, text.encode())
        os.kill(os.getpid(), signal.SIGINT)

    def flush(self): pass

def main():
    sys.stderr = Interrupting()
    raise KeyboardInterrupt

cli.main = main
raise SystemExit(__main__.main())
"""


def test_a_second_interrupt_neither_cuts_the_line_nor_says_it_again():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AGAIN], capture_output=True, preexec_fn=heed_interrupts, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"untone: interrupted\n")
