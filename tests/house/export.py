"""`python -m tests.house.export` writes the SDL of our fields and of the operator API to graphql/."""

from pathlib import Path

from personalize.console.api.schema import operator_schema
from personalize.gateway.ours.schema import own_schema

HEAD = "# What the gateway adds to a shop's schema; exported from gateway/ours/schema.py, checked by a test.\n\n"
OPERATOR = "# The operator API; exported from console/api/schema.py, checked by a test.\n\n"

if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[2] / "graphql"
    (folder / "personalization.graphql").write_text(HEAD + own_schema().as_str() + "\n", "utf-8")
    (folder / "operator.graphql").write_text(OPERATOR + operator_schema().as_str() + "\n", "utf-8")
