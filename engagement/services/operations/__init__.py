"""What an operator asks of an installation, and what it does by itself."""
