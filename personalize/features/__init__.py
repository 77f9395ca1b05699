"""Feature names, order and extraction: one code path for serving and training."""
