"""Pages for people: problems explained, and what links in mails lead to."""
