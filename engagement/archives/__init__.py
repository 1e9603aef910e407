"""Formats that come from elsewhere: what other systems export, as plain values."""
