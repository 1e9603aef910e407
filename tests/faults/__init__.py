"""The real service as processes of the system: killed, stopped, started again."""
