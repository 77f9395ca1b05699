"""The edge: what comes in over HTTP becomes typed values, and requests leave for the shop behind us."""
