"""Doors that stand in for other services' forms: an existing theme changes only its ``action``."""
