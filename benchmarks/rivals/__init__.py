"""ferdesk and other expression readers that carry their weights, compared in one run.

python -m benchmarks.rivals --data ferplus:DIR [--checkpoint FILE] [--pictures N] [--frames N]
    [--clip FILE] [--json]

The first run makes one virtual environment per rival from the package index (about 2 GB each for
the two on TensorFlow) and lets npm fetch the network of the third; later runs are offline.
"""
