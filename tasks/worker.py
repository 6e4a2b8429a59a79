"""What a worker process loads: `python -m dramatiq tasks.worker --processes 1 --queues links charges emails`.

Nothing but the composition belongs here; it happens on import, because that is how Dramatiq starts.
"""

from tasks.catalogue import JOBS, check_names
from tasks.process import compose

check_names(JOBS)
broker = compose(JOBS)
