"""Quality benchmarks: what rankings and estimates are worth, against a known truth or on data anybody can fetch."""
