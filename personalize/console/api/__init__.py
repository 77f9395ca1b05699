"""The operator API: the desk over GraphQL, behind the machine token."""
