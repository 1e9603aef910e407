"""Mails, their occasions and their troubles."""
