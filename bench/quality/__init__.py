"""Quality benchmarks: what the ranker is worth on data that anybody can fetch or make again."""
