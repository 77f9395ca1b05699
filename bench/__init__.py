"""Performance benchmarks: CPU per request of each process, side by side in one run."""
