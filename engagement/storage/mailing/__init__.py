"""What is mailed, and what mails are made of."""
