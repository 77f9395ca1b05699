"""`python -m personalize` is the `personalize` command."""

from personalize.cli import main

if __name__ == "__main__":
    main()
