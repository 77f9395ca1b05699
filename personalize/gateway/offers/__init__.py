"""Offers behind the requests: promises by visitor, codes made ahead, budgets freed, what was shown and why."""
