"""Values and protocols that every other room speaks in; imports nothing above itself."""
