"""What hangs on comments."""
