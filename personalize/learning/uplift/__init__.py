"""Uplift: whom an offer moves, learned from a randomised campaign, and whether knowing it pays."""
