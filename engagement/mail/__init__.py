"""Letters: what they say (``messages``), the signed links in them (``links``), who carries them (``postmen``)."""
