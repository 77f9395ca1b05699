"""The operator's desk as values: strategies as versioned configuration, who changed them, and where that stays."""
