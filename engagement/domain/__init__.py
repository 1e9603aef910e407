"""Words and decisions. Standard library only; no clock, no randomness: ``now`` comes in as a value."""
