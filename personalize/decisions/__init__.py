"""The decision socket: pure functions from a listing and a visit to a Patch."""
