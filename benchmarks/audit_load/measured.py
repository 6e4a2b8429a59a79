"""The verifier as a process of its own: its last line is its seconds on the processor and its memory in MiB."""

import resource
import sys

from verifier.__main__ import main as verify

if __name__ == "__main__":
    status = verify(sys.argv[1:])
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    raise SystemExit(status)
