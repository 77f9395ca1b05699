"""What is ours in the schema: the merged schema, and the answers to our own fields."""
