"""The real Vendure of the tests: its install, its populated databases, its process and a purchase recipe."""
