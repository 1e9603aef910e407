"""The newsletter's readers and forms."""
