"""`python -m tests.house.export` writes the SDL of our fields to graphql/personalization.graphql."""

from pathlib import Path

from personalize.gateway.ours.schema import own_schema

HEAD = "# What the gateway adds to a shop's schema; exported from gateway/ours/schema.py, checked by a test.\n\n"

if __name__ == "__main__":
    path = Path(__file__).resolve().parents[2] / "graphql" / "personalization.graphql"
    path.write_text(HEAD + own_schema().as_str() + "\n", "utf-8")
