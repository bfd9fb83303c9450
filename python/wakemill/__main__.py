"""The command line: ``wakemill`` and ``python -m wakemill``."""

import signal
import sys

import wakemill  # noqa: F401  (names the networks that came with the package)
from wakemill._wakemill import main as _main


def main() -> None:
    """Runs the command of ``sys.argv`` and exits as it says."""
    # Python's own handler would only note the signal until the command ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_main(["wakemill", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
