"""What readers do under an article besides sending a comment, and what is made of it."""
