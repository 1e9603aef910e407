"""What is mailed, to whom and when."""
