"""Confirmed readers as contacts of a newsletter service: Brevo's client, or none. No call here ever raises."""
