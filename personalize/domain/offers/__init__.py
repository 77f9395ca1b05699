"""What an offer is: money, its benefit and bounds, the code that the shop honours, the promise that a visitor saw."""
