"""The store socket: where profiles and events are kept."""
