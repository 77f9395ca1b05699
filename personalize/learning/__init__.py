"""Judgments, training and evaluation on the event log."""
