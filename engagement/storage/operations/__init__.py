"""What is kept about the house itself."""
