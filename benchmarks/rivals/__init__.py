"""ferdesk and other expression readers that carry their weights, compared in one run.

python -m benchmarks.rivals --data ferplus:DIR [--checkpoint FILE] [--pictures N] [--frames N]
    [--clip FILE] [--json]

The first run makes one virtual environment a rival (from the package index, about 2 GB each);
later runs are offline.
"""
