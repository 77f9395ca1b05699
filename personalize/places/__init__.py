"""Stores and stock at work: reading what operators import, and answering from memory what lies where."""
