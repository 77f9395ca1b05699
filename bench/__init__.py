"""Performance benchmarks: CPU and time per request of each process, side by side in one run."""
