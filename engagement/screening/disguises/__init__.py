"""Text that hides its words, and what it may say."""
