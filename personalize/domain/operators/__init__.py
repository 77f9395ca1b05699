"""Operators: who works at the desk, and what they are allowed."""
