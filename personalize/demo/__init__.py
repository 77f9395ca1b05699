"""An embedded shop, its catalogue and its simulated shoppers."""
