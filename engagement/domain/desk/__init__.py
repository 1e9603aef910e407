"""Those who decide, and programs with a key."""
