"""What people do: submit a comment, settle it, sign up.

Doors call these; they call storage and what ``app`` hands in.
"""
