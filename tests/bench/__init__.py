"""Speed as ratios in one run: `make bench` prints a line per figure and writes bench.json."""
