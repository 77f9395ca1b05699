"""Listings: pages, windows and ordering runs, and the order each is shown in."""
