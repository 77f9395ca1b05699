"""Quality benchmarks: what rankings and estimates are worth, against a known truth or a public log."""
