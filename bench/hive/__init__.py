"""Hive Gateway from npm, which the benchmark compares with: its packages, its Node, its command."""
