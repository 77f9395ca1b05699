"""The pages at /console: rendered here, with everything they need out of the package."""
