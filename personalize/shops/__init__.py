"""The shop socket: reads a shop map and holds what a map cannot say."""
