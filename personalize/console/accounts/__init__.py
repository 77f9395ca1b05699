"""Who may enter the console: passwords, sessions, the throttle at the door."""
