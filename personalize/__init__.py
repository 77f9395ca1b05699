"""The personalisation gateway that sits in front of a headless shop's GraphQL API."""
