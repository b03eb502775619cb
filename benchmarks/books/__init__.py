"""Order books of benchmarks.

drawn                  books on a random walk, and their features by the feature language
by_pandas, by_polars   the same features by other engines
updates                a file of books told as a snapshot and updates
plain_rebuilder        books from updates by a plain loop
memory                 what a process takes at its peak
"""

import os

# All engines have one thread. Polars reads this when it is first imported, which TA-Lib does where it is installed.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
