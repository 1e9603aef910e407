"""Those who decide, what they decide about, and programs with a key."""
