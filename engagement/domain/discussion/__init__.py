"""Pages, and what readers say about comments."""
