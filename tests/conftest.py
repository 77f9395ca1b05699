"""What every test may ask for: fixtures kept beside what they start."""

pytest_plugins = ["tests.vendure.fixture"]
