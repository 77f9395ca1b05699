"""Places: the shop's stores, when they are open, what lies in them, and the ways an item may take to its buyer."""
