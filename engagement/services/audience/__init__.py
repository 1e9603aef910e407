"""The newsletter's readers, their wishes, and the service that keeps them too."""
